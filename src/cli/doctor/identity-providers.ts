import { resolve } from 'node:path';
import { SecretBox } from '../../auth/tokens/secrets.js';
import { relationExists } from '../../database/checks/server-facts.js';
import { PostgresTransactions } from '../../database/transactions.js';
import { ProviderClients } from '../../identity-providers/discovery/provider-clients.service.js';
import { outboundErrorIn } from '../../identity-providers/discovery/provider-fetch.js';
import { ProviderSettingsRepository } from '../../identity-providers/discovery/provider-settings.repository.js';
import { ProvidersFileError, readProvidersFile } from '../../identity-providers/file/providers-file.js';
import { OutboundClient } from '../../outbound/outbound.client.js';
import { DATABASE_NEEDS, type DatabaseCheck, type DatabaseValues } from './database-checks.js';
import { about, defineCheck, type Finding, reasonOf, type Values } from './finding.js';

const { ok, problem } = about('providers');

/** The settings that the checks of identity providers need. */
export const PROVIDER_NEEDS = [
  ...DATABASE_NEEDS,
  'APP_SECRET',
  'OUTBOUND_ALLOWED_NETWORKS',
  'OUTBOUND_ALLOWED_PORTS',
  'HTTPS_PROXY',
  'NO_PROXY',
] as const;

/** Whether the file of identity providers is valid. */
export const providersFileCheck = defineCheck({
  subject: 'providers',
  needs: ['IDENTITY_PROVIDERS_FILE'],
  run: ({ IDENTITY_PROVIDERS_FILE: file }) => {
    if (file === null) return [];
    try {
      const slugs = readProvidersFile(resolve(file)).map(({ slug }) => slug);
      return [ok(`IDENTITY_PROVIDERS_FILE declares ${slugs.join(', ') || 'none'}.`)];
    } catch (error) {
      return error instanceof ProvidersFileError
        ? error.errors.map((text) => problem(`${text}.`))
        : [problem(reasonOf(error))];
    }
  },
});

/** Whether every enabled provider can be reached, and its metadata are valid. No one is signed in. */
export const identityProviders: DatabaseCheck<DatabaseValues & Values<(typeof PROVIDER_NEEDS)[number]>> = async (
  dataSource,
  values,
) => {
  if (!(await relationExists(dataSource, 'identity_providers'))) return [];
  const secrets = new SecretBox({ appSecrets: values.APP_SECRET ?? ['none'] });
  const providers = await new ProviderSettingsRepository(new PostgresTransactions(dataSource), secrets).all();
  const outbound = new OutboundClient({
    outbound: {
      allowedNetworks: values.OUTBOUND_ALLOWED_NETWORKS ?? [],
      allowedPorts: values.OUTBOUND_ALLOWED_PORTS,
      proxy: values.HTTPS_PROXY,
      noProxy: values.NO_PROXY ?? '',
    },
    production: values.NODE_ENV === 'production',
  });
  const clients = new ProviderClients(outbound);
  try {
    return await Promise.all(
      providers.map(async (provider): Promise<Finding> => {
        try {
          await clients.connect(provider);
          return ok(`${provider.slug} has valid metadata.`);
        } catch (error) {
          const reason = outboundErrorIn(error)?.message ?? reasonOf(error);
          return problem(`${provider.slug} cannot be used: ${reason}. Check its issuer ${provider.issuer}.`);
        }
      }),
    );
  } finally {
    await outbound.onModuleDestroy();
  }
};
