import { Connection, type Options } from "./connection.js";
/** What Epic's library calls an `ITransport`, less its emitter. */
export interface Transport {
    onMessage?: (text: string) => void;
    connect(address: string): boolean;
    sendMessage(text: string): void;
    disconnect(code?: number, reason?: string): void;
    isConnected(): boolean;
}
/** Epic's `EventEmitter`, as far as a transport needs it. */
export interface Emitter {
    emit(event: string, ...args: unknown[]): boolean;
}
/** The connection of a transport, for those who want to show what carries it. */
export declare function connectionOf(transport: object): Connection | undefined;
/** A class; a mixin's base takes any arguments. */
type Class<T> = new (...args: any[]) => T;
/**
 * Makes every transport that the stock frontend constructs from now on one of ours: hand it the
 * `WebSocketTransport` of the library that the frontend uses. Returns a function that undoes it.
 */
export declare function install(WebSocketTransport: Class<Transport & Emitter>, options?: Options): () => void;
/** A transport class over Epic's `EventEmitter`, for one's own `SignallingProtocol`. */
export declare function transportOver<E extends Class<Emitter>>(EventEmitter: E, options?: Options): E & Class<Transport>;
export {};
