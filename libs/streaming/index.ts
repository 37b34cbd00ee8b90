export { ByteEdits, cutEnd, cutStart } from './byte-edits.js';
export {
  encodeEventStreamMessage,
  type EventStreamFailureKind,
  type EventStreamMessage,
  EventStreamSplitter,
} from './aws-event-stream.js';
export { DEFAULT_MAX_DEPTH, ObjectListScan, ObjectScan, type ScanStatus, type ValueReader } from './json-scan.js';
export {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
  skipValue,
} from './json-walk.js';
export { LineSplitter } from './line-splitter.js';
export { DONE_FRAME, encodeSseComment, encodeSseData, encodeSseEvent, KEEP_ALIVE_FRAME } from './sse.js';
export { type FrameVerdict, type RelayFailureKind, SseRelay } from './sse-relay.js';
export { type SseFrameHandler, SseFramer } from './sse-framer.js';
