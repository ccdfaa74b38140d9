export { createClient, type BaseURLs, type ClientOptions } from './create-client.js';
export type { AuthListener, PassportClient, PasswordProof, RegisterOptions, SignInOptions } from './client.js';
export { AuthError, type ClientErrorCode } from './errors.js';
export type { Remedy, ServerErrorCode } from './error-table.js';
export type { Abortable, Callbacks } from './callbacks.js';
export type { Clock } from './clock.js';
export type { ButtonEvent, EncryptedData } from './encrypted-data.js';
export type { Answer } from './http.js';
export type { WxLike } from './platform.js';
export type { Carrier, RequestAuth, RequestOptions } from './requests.js';
export type { LocationOptions, Scope, ScopeOptions } from './scopes.js';
export type {
  DeviceSession,
  MergeOffer,
  SignedIn,
  SignInResult,
  SignOutScope,
  Unregistered,
  User,
} from './server-shapes.js';
export type { SyncStorage } from './session-store.js';
export type { AuthEvent, Session, SignInDetails } from './sign-in.js';
export {
  callContainerTransport,
  type CallContainerOptions,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from './transport.js';
