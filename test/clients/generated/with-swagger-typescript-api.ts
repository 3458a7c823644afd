import type { Connect } from './client.js';
import {
  Api,
  type Errors,
  type HttpResponse,
  type OrganizationResource,
  type QueryParamsType,
} from './generated/swagger-typescript-api.js';

/** The generator repeats a parameter for each value of a list; this service takes the values in one. */
class Iam extends Api<never> {
  protected override addArrayQueryParam(query: QueryParamsType, key: string): string {
    return this.encodeQueryParam(key, query[key].join(','));
  }
}

const organization = ({ id, attributes }: OrganizationResource) => ({
  id,
  name: attributes.name,
  createdAt: new Date(attributes.created_at),
});

export const connect: Connect = (baseUrl, token) => {
  // The generator reads only plain JSON as JSON by itself.
  const baseApiParams = { format: 'json', headers: { Authorization: `Bearer ${token}` } } as const;
  const iam = new Iam({ baseUrl, baseApiParams });
  return {
    async people(text) {
      const { data } = await iam.accounts.accountsIndex({
        'filter[name__match]': text,
        'filter[enabled]': true,
        'filter[role_name__in]': 'user,admin',
        'fields[iam:accounts]': ['name', 'organizations'],
        included: ['organizations'],
        sort: ['-name', 'id'],
        'page[number]': 2,
        'page[size]': 3,
        count: true,
      });
      return {
        names: data.data.map(({ attributes }) => attributes.name),
        organizations: (data.included ?? []).flatMap((one) =>
          one.type === 'iam:organizations' ? [one.attributes.name] : [],
        ),
        count: data.meta?.count,
        next: data.links.next,
      };
    },
    async createOrganization(name) {
      const { data } = await iam.organizations.organizationsCreate({
        data: { type: 'iam:organizations', attributes: { name } },
      });
      return organization(data.data);
    },
    async renameOrganization(id, name) {
      const { data } = await iam.organizations.organizationsUpdate(id, {
        data: { type: 'iam:organizations', id, attributes: { name } },
      });
      return organization(data.data);
    },
    async errorOfCreating(name) {
      try {
        await iam.organizations.organizationsCreate({ data: { type: 'iam:organizations', attributes: { name } } });
        return [];
      } catch (response) {
        const [first] = (response as HttpResponse<unknown, Errors>).error.errors;
        return [first?.code, first?.meta?.rule, first?.source?.pointer];
      }
    },
  };
};
