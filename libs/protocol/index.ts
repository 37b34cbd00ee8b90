export { GatewayError, openAiErrorBody, type ErrorDetails, type ErrorKind } from './errors.js';
export { type Usage } from './usage.js';
