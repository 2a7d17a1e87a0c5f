// The stock frontend's `ITransport` (Epic's lib-pixelstreamingcommon), and the ways to put it under that frontend.

import { Connection, CLOSED, type Options } from "./connection.js";
import type { Close } from "./link.js";

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

/** An object that has become a transport. */
type Patched = Transport & Emitter & { protocols?: string | string[] };

const connections = new WeakMap<object, Connection>();

/** The connection of a transport, for those who want to show what carries it. */
export function connectionOf(transport: object): Connection | undefined {
  return connections.get(transport);
}

/** The four methods of a transport, for any emitter. */
function methods(options: Options) {
  return {
    connect(this: Patched, address: string): boolean {
      let connection: Connection;
      try {
        connection = new Connection(address, { protocols: this.protocols, ...options });
      } catch {
        return false; // No address at all.
      }
      connections.set(this, connection);
      connection.onopen = () => this.emit("open");
      connection.onmessage = (text) => this.onMessage?.(text);
      connection.onclose = (close) => {
        if (!connection.transport) this.emit("error");
        this.emit("close", closeEvent(close));
      };
      return true;
    },
    sendMessage(this: Patched, text: string): void {
      connections.get(this)?.send(text);
    },
    disconnect(this: Patched, code?: number, reason?: string): void {
      connections.get(this)?.close(code, reason);
    },
    isConnected(this: Patched): boolean {
      const connection = connections.get(this);
      return connection !== undefined && connection.readyState !== CLOSED;
    },
  };
}

/** A class; a mixin's base takes any arguments. */
type Class<T> = new (...args: any[]) => T;

/**
 * Makes every transport that the stock frontend constructs from now on one of ours: hand it the
 * `WebSocketTransport` of the library that the frontend uses. Returns a function that undoes it.
 */
export function install(WebSocketTransport: Class<Transport & Emitter>, options: Options = {}): () => void {
  const prototype = WebSocketTransport.prototype as object;
  const names = Object.keys(methods(options));
  const before = names.map((name) => [name, Object.getOwnPropertyDescriptor(prototype, name)] as const);
  Object.assign(prototype, methods(options));
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(prototype, name, descriptor);
      else Reflect.deleteProperty(prototype, name);
    }
  };
}

/** A transport class over Epic's `EventEmitter`, for one's own `SignallingProtocol`. */
export function transportOver<E extends Class<Emitter>>(EventEmitter: E, options: Options = {}): E & Class<Transport> {
  class PixelgateTransport extends EventEmitter {}
  Object.assign(PixelgateTransport.prototype, methods(options));
  return PixelgateTransport as E & Class<Transport>;
}

function closeEvent(close: Close): Close {
  // Node has had the class only since version 23.
  if (typeof CloseEvent === "undefined") return close;
  return new CloseEvent("close", { ...close, wasClean: close.code !== 1006 });
}
