/** The gateway's largest message, and the room that it leaves for what it adds. */
export declare const LARGEST_MESSAGE: number;
/** A length that no message has: what follows it on the stream cannot be understood. */
export declare class FrameTooLong extends Error {
    readonly name = "FrameTooLong";
}
/** `text` behind its length. */
export declare function frame(text: string): Uint8Array<ArrayBuffer>;
/** Cuts a stream of bytes into the texts that stand on it; holds one unfinished message at most. */
export declare class Frames {
    #private;
    /** The texts that `chunk` completes. A length of 0 is no message. */
    push(chunk: Uint8Array): string[];
}
