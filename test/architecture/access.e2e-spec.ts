import { ModulesContainer, MetadataScanner } from '@nestjs/core';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { accessOf } from '../../src/auth/authorization/actor.js';
import { rejectsApiKeys } from '../../src/auth/authentication/api-key-access.js';
import { FRESH_SIGN_IN } from '../../src/auth/authentication/fresh-sign-in.js';
import { startApp, type TestApp } from '../support/app.js';

/** Every operation that is open without sign-in. A line more in this list is a decision, and is reviewed as one. */
const PUBLIC_HANDLERS = [
  'AccountsController.invitation',
  'AccountsController.join',
  'BackchannelLogoutController.end',
  'ConfirmEmailController.done',
  'ConfirmEmailController.show',
  'ConfirmEmailController.submit',
  'ConfirmIdentityController.confirm',
  'ConfirmIdentityPageController.done',
  'ConfirmIdentityPageController.show',
  'ContinueController.show',
  'ContinueController.submit',
  'EmailController.confirm',
  'EmailController.revert',
  'ExpiredSignOutController.end',
  'ForgotPasswordController.request',
  'ForgotPasswordController.sent',
  'ForgotPasswordController.show',
  'HealthController.live',
  'HealthController.ready',
  'JoinController.accept',
  'JoinController.done',
  'JoinController.show',
  'JwksController.show',
  'MetadataController.show',
  'MetadataController.showOfPath',
  'MfaController.mfa',
  'OfferedProvidersController.index',
  'PasskeyController.options',
  'PasskeyController.signIn',
  'PasskeySignInPageController.signIn',
  'PasswordsController.passwordPolicy',
  'PasswordsController.requestReset',
  'PasswordsController.reset',
  'PasswordsController.tokenValid',
  'ResetPasswordController.done',
  'ResetPasswordController.reset',
  'ResetPasswordController.show',
  'RevertEmailController.done',
  'RevertEmailController.show',
  'RevertEmailController.submit',
  'SecondStepController.prove',
  'SignInController.login',
  'SignInController.logout',
  'SignInController.logoutByGet',
  'SignInController.refresh',
  'SignInController.refreshByGet',
  'SignInPageController.byPassword',
  'SignInPageController.chooseWay',
  'SignInPageController.show',
  'SignOutPageController.done',
  'SignOutPageController.end',
  'SignOutPageController.show',
  'SsoController.callback',
  'SsoController.start',
  'SsoExchangeController.exchange',
  'SsoProblemPageController.show',
  'TokenController.issue',
];

/** Every operation that needs a recent sign-in. A line less in this list is a decision, and is reviewed as one. */
const FRESH_HANDLERS = [
  'AccountFactorsController.confirm',
  'AccountFactorsController.create',
  'AccountFactorsController.delete',
  'AccountIdentitiesController.delete',
  'AccountPasskeysController.add',
  'AccountPasskeysController.delete',
  'AccountPasskeysController.options',
  'AccountPasskeysController.update',
  'ApiKeysController.create',
  'ApiKeysController.rotate',
  'ChangeEmailPageController.request',
  'ChangeEmailPageController.show',
  'EmailController.request',
  'EmailController.requestFor',
  'FactorResetsController.reset',
  'IdentitiesPageController.link',
  'IdentitiesPageController.show',
  'IdentitiesPageController.unlink',
  'IdentityProvidersController.create',
  'IdentityProvidersController.delete',
  'IdentityProvidersController.update',
  'IdentityProvidersController.verifyDomain',
  'LinkController.link',
  'PasskeysPageController.change',
  'PasskeysPageController.show',
  'PersonalDataController.export',
  'RecoveryCodesController.make',
  'SecondFactorsPageController.change',
  'SecondFactorsPageController.show',
];

/**
 * Every operation that an API key reaches with a permission for it; every other one answers 403. A line more in this list
 * is a decision, and is reviewed as one.
 */
const KEY_HANDLERS = [
  'AccountSessionsController.delete',
  'AccountSessionsController.index',
  'AccountSessionsController.show',
  'AccountsController.create',
  'AccountsController.delete',
  'AccountsController.index',
  'AccountsController.resendInvitation',
  'AccountsController.show',
  'AccountsController.update',
  'AuditEventsController.index',
  'AuditEventsController.show',
  'JobsController.index',
  'JobsController.show',
  'OrganizationsController.create',
  'OrganizationsController.delete',
  'OrganizationsController.index',
  'OrganizationsController.show',
  'OrganizationsController.update',
  'PersonalDataController.erase',
  'RolesController.index',
  'RolesController.show',
  'SignInController.me',
];

/**
 * What the server serves without credentials: these operations again (but logging out rejects anonymous requests itself,
 * since there is nothing to end), and the documentation.
 */
const PUBLIC_ROUTES = [
  'GET /',
  'GET /.well-known/jwks.json',
  'GET /.well-known/oauth-authorization-server',
  'GET /.well-known/oauth-authorization-server*',
  'GET /account/passwords/policy',
  'GET /account/passwords/token_valid',
  'GET /accounts/{}/invitation',
  'GET /auth/continue',
  'GET /auth/logout',
  'GET /auth/providers',
  'GET /auth/refresh',
  'GET /auth/sso/{}',
  'GET /auth/sso/{}/callback',
  'GET /confirm-email',
  'GET /confirm-email/done',
  'GET /confirm-identity',
  'GET /confirm-identity/done',
  'GET /docs…',
  'GET /forgot-password',
  'GET /forgot-password/sent',
  'GET /health/live',
  'GET /health/ready',
  'GET /join',
  'GET /join/done',
  'GET /openapi.json',
  'GET /openapi.yaml',
  'GET /reset-password',
  'GET /reset-password/done',
  'GET /revert-email',
  'GET /revert-email/done',
  'GET /sign-in',
  'GET /sign-in/provider',
  'GET /sign-out',
  'GET /sign-out/done',
  'PATCH /accounts/{}/join',
  'POST /account/email/confirm',
  'POST /account/email/revert',
  'POST /account/passwords/request_reset',
  'POST /account/passwords/reset',
  'POST /auth/confirm-identity',
  'POST /auth/continue',
  'POST /auth/login',
  'POST /auth/mfa',
  'POST /auth/passkey',
  'POST /auth/passkey/options',
  'POST /auth/refresh',
  'POST /auth/sign-out',
  'POST /auth/sso/exchange',
  'POST /auth/sso/{}/backchannel_logout',
  'POST /auth/token',
  'POST /confirm-email',
  'POST /forgot-password',
  'POST /join',
  'POST /reset-password',
  'POST /revert-email',
  'POST /sign-in',
  'POST /sign-in/passkey',
  'POST /sign-in/password',
  'POST /sign-in/second-step',
  'POST /sign-out',
];

/** A route as it stands in the list above: parameters without names, and the files of the documentation as one. */
const short = (route: string): string => route.replace(/:[\w|:]+/g, '{}').replace(/ \/docs(\/.*|\*)?$/, ' /docs…');

/** The routes of Fastify's own listing, as `GET /accounts`: a tree, each line a part of an address and its methods. */
function listed(tree: string): string[] {
  const parts: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent, part, methods = ''] = /^((?:│ {3}| {4})*)[├└]── (.*?)(?: \((.+)\))?$/.exec(line) ?? [];
    if (indent === undefined || part === undefined) return [];
    parts.splice(indent.length / 4, Infinity, part);
    return methods.split(', ').flatMap((method) => (method ? [`${method} ${parts.join('')}`] : []));
  });
}

const isHead = (route: string): boolean => route.startsWith('HEAD ');

describe('Access', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  function handlers() {
    const scanner = new MetadataScanner();
    return [...app.nest.get(ModulesContainer).values()].flatMap((module) =>
      [...module.controllers.values()].flatMap(({ metatype }) => {
        if (!metatype || typeof metatype !== 'function') return [];
        const { prototype } = metatype;
        return scanner
          .getAllMethodNames(prototype)
          .filter((name) => Reflect.hasMetadata(PATH_METADATA, prototype[name]))
          .map((name) => ({
            name: `${metatype.name}.${name}`,
            rejectsKeys: rejectsApiKeys({ getHandler: () => prototype[name], getClass: () => metatype as never }),
            isFresh: Reflect.getOwnMetadata(FRESH_SIGN_IN, prototype[name]) === true,
            access: accessOf({ getHandler: () => prototype[name], getClass: () => metatype as never }),
          }));
      }),
    );
  }

  it('is said of every operation', () => {
    expect(handlers().length).toBeGreaterThan(25);
    expect(handlers().filter(({ access }) => access === null)).toEqual([]);
  });

  it('is public for these operations only', () => {
    const open = handlers().filter(({ access }) => access?.kind === 'public');
    expect(open.map(({ name }) => name).sort()).toEqual(PUBLIC_HANDLERS);
  });

  it('needs a recent sign-in for these operations only, none of which is public', () => {
    const fresh = handlers().filter(({ isFresh }) => isFresh);
    expect(fresh.map(({ name }) => name).sort()).toEqual(FRESH_HANDLERS);
    expect(fresh.filter(({ access }) => access?.kind === 'public')).toEqual([]);
  });

  it('is open to API keys for these operations only, none of which needs a recent sign-in', () => {
    const open = handlers().filter(({ access, rejectsKeys }) => access?.kind !== 'public' && !rejectsKeys);
    expect(open.map(({ name }) => name).sort()).toEqual(KEY_HANDLERS);
    expect(open.filter(({ isFresh }) => isFresh)).toEqual([]);
  });

  it('is 401 for anonymous requests on every other route of the server', async () => {
    const routes = listed(app.nest.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false }));
    const open: string[] = [];
    // CORS answers every OPTIONS, and shows nothing but itself.
    for (const route of routes.filter((one) => !one.startsWith('OPTIONS '))) {
      const [method = '', pattern = ''] = route.split(' ');
      const path = pattern.replace('*', 'index.html').replace(/:[\w|:]+/g, '01900000-0000-7000-8000-000000000000');
      const response = await fetch(new URL(path, app.url), { method, redirect: 'manual' });
      const text = await response.text();
      const rejection = /"code":"(unauthenticated|method_not_allowed)"/.exec(text)?.[1];
      // A HEAD has no body; it is rejected with the status of its GET.
      // Pages of an account continue the session, or lead to the page to sign in.
      const isPage = response.headers.get('location')?.startsWith('/auth/continue?return_to=%2Faccount') ?? false;
      const closed = rejection !== undefined || isPage || (method === 'HEAD' && [401, 405].includes(response.status));
      if (!closed) open.push(route);
    }
    expect(routes.length).toBeGreaterThan(100);
    const [heads, others] = [open.filter(isHead), open.filter((route) => !isHead(route))];
    expect([...new Set(others.map(short))].sort()).toEqual(PUBLIC_ROUTES);
    const asGet = heads.map((route) => short(route.replace('HEAD', 'GET')));
    expect(asGet.filter((route) => !PUBLIC_ROUTES.includes(route))).toEqual([]);
  });
});
