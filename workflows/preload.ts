/**
 * Loaded into each worker thread before any workflow. The SDK captures a stack for every promise that workflow code makes; it is only
 * shown by the stack-trace query, and costs more than the workflow itself. The price: errors thrown by workflow code have no stack.
 */
Error.stackTraceLimit = 0;
