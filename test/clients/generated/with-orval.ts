import type { Connect } from './client.js';
import {
  accountsIndex,
  organizationsCreate,
  organizationsUpdate,
  type OrganizationResource,
} from './generated/orval.js';
import { useService } from './orval-fetch.js';

const organization = ({ id, attributes }: OrganizationResource) => ({
  id,
  name: attributes.name,
  createdAt: new Date(attributes.created_at),
});

export const connect: Connect = (url, token) => {
  useService(url, token);
  return {
    async people(text) {
      const response = await accountsIndex({
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
      if (response.status !== 200) throw new Error(`There is no list: ${response.data.errors[0]?.detail}`);
      const { data, included = [], meta, links } = response.data;
      return {
        names: data.map(({ attributes }) => attributes.name),
        organizations: included.flatMap((one) => (one.type === 'iam:organizations' ? [one.attributes.name] : [])),
        count: meta?.count,
        next: links.next,
      };
    },
    async createOrganization(name) {
      const response = await organizationsCreate({ data: { type: 'iam:organizations', attributes: { name } } });
      if (response.status !== 200) throw new Error('Nothing was created');
      return organization(response.data.data);
    },
    async renameOrganization(id, name) {
      const response = await organizationsUpdate(id, { data: { type: 'iam:organizations', id, attributes: { name } } });
      if (response.status !== 200) throw new Error('Nothing was updated');
      return organization(response.data.data);
    },
    async errorOfCreating(name) {
      const response = await organizationsCreate({ data: { type: 'iam:organizations', attributes: { name } } });
      if (response.status !== 422) return [];
      const [first] = response.data.errors;
      return [first?.code, first?.meta?.rule, first?.source?.pointer];
    },
  };
};
