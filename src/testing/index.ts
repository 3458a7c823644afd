// First, so that nothing else is loaded in production.
import './test-environment.js';

/**
 * The public API of the test kit, `iam/testing` (docs/testing.md). Everything else in this folder may change without
 * notice. Each further piece, such as a provider of single sign-on, gets a group of its own here.
 */

// An app, and what a test does with it
export { startIam } from './start-iam.js';
export type { StartOptions } from './start-options.js';
export { SignedInClient, TestIam } from './test-iam.js';
export { ApiClient, ApiResponse, document } from './api-client.js';
export type { RequestOptions, TestError, TestResource } from './api-client.js';
export { Factories } from './factories.js';
export type { AccountOptions, Identified, TestAccount, TestOrganization } from './factories.js';
export { TestMailbox, type TestMail } from './mailbox.js';
export { TestClock } from './clock/test-clock.js';
export type { Duration, NodeClock } from './clock/node-clock.js';
export { ADMIN, APP_URL, PASSWORD } from './test-environment.js';

// Passkeys of a page in Chromium
export { passkey, Passkeys } from './authenticators.js';
export type { ChromiumPage, PasskeyOptions, VirtualPasskey } from './authenticators.js';

// Codes of an authenticator app
export type { NextCode } from './authenticators.js';

// Times and requests in a team's own helpers
export { milliseconds } from './clock/node-clock.js';
export { idOf } from './factories.js';
export { MEDIA_TYPE } from '../json-api/document/document.js';

// Contract tests of a team's resources
export { contractTests, type ContractOptions } from './contract/contract-tests.js';
export type { Fixture } from './contract/subject.js';
export type { AnyTestRunner, NodeTestRunner, TestRunner } from './runner.js';
