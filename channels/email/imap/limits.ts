/** A mail as it is on the wire, attachments in base64: about 30 MB of files. What is larger comes in as a note that says so. */
export const MAX_RAW_BYTES = 40 * 1024 * 1024;
/** Of a mail that is too large, so much of its text is shown. */
export const MAX_EXCERPT_BYTES = 100 * 1024;
/** Headers past that are cut. */
export const MAX_HEADER_BYTES = 256 * 1024;
