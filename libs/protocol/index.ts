export { GatewayError, openAiErrorBody, type ErrorDetails, type ErrorKind } from './errors.js';
export { NO_USAGE, type Usage, usageOf } from './usage.js';
