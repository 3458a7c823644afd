import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Roles } from '../../auth/authorization/roles.js';
import { SecretBox } from '../../auth/tokens/secrets.js';
import { Config } from '../../config/config.js';
import { Transactions } from '../../json-api/sql/sql.js';
import { CLIENT_SECRET_PURPOSE } from '../providers/identity-providers.repository.js';
import { ProviderEnforcement } from '../enforcement/provider-enforcement.service.js';
import { DeclaredProvidersRepository } from './declared-providers.repository.js';
import { ProvidersFileError, readProvidersFile } from './providers-file.js';

/**
 * Writes the providers of IDENTITY_PROVIDERS_FILE to the database when the service starts, where they are read-only. One
 * that the file declares no longer is switched off, and may then be changed or deleted: its identities are not lost by a
 * missing line.
 */
@Injectable()
export class DeclaredProviders implements OnApplicationBootstrap {
  private readonly logger = new Logger(DeclaredProviders.name);

  constructor(
    @Inject(Config) private readonly config: Pick<Config, 'identityProvidersFile'>,
    private readonly rows: DeclaredProvidersRepository,
    private readonly transactions: Transactions,
    private readonly secrets: SecretBox,
    private readonly roles: Roles,
    private readonly enforcement: ProviderEnforcement,
  ) {}

  /** @throws ProvidersFileError, which stops the start and names every error of the file */
  async onApplicationBootstrap(): Promise<void> {
    const { identityProvidersFile: file } = this.config;
    const declared = file === null ? [] : readProvidersFile(file);
    const everything = this.roles.fullAccessNames();
    const roles = this.roles.assignable().filter((name) => !everything.includes(name));
    const wrong = declared.filter(({ defaultRole }) => defaultRole !== null && !roles.includes(defaultRole));
    if (file !== null && wrong.length > 0) {
      const wording = `default_role must be one of ${roles.join(', ')}`;
      throw new ProvidersFileError(
        file,
        wrong.map(({ slug }) => `identity_providers.${slug}: ${wording}`),
      );
    }
    const taken = await this.transactions.run(async (tx) => {
      await this.rows.lock(tx);
      await this.rows.releaseOthers(
        declared.map(({ slug }) => slug),
        tx,
      );
      const rejected: string[] = [];
      for (const { clientSecret, ...provider } of declared) {
        const sealed = clientSecret === null ? null : this.secrets.seal(CLIENT_SECRET_PURPOSE, clientSecret);
        const ceiling = this.roles.get(provider.defaultRole ?? this.roles.defaultName)?.rank ?? 0;
        const stored = await this.rows.store({ ...provider, clientSecret: sealed, roleCeiling: ceiling }, tx);
        if (stored === null) rejected.push(provider.slug);
        else if (provider.enforced && provider.enabled) await this.enforcement.endOthers(tx, stored, null);
      }
      return rejected;
    });
    for (const slug of taken) {
      this.logger.error(
        `The provider ${slug} of IDENTITY_PROVIDERS_FILE is not used: another one has its slug or a domain`,
      );
    }
  }
}
