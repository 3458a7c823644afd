import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Account } from './account';
import { queries, SHOWN } from './iam';

export function Accounts() {
  const [search, setSearch] = useState('');
  const [isNewestFirst, setNewestFirst] = useState(false);
  const accounts = useInfiniteQuery({
    ...queries.accounts.infinite({
      filter: search ? { search } : {},
      sort: isNewestFirst ? '-created_at' : 'name',
      ...SHOWN,
      can: true,
      size: 10,
    }),
    placeholderData: keepPreviousData,
  });
  const rows = accounts.data?.pages.flatMap(({ data }) => data) ?? [];
  return (
    <section>
      <h2>List</h2>
      <input aria-label="Search" type="search" value={search} onChange={({ target }) => setSearch(target.value)} />
      <label>
        <input type="checkbox" checked={isNewestFirst} onChange={({ target }) => setNewestFirst(target.checked)} />
        Newest first
      </label>
      {accounts.error && <p role="alert">{accounts.error.message}</p>}
      <table>
        <tbody>
          {rows.map((account) => (
            <Account key={account.id} account={account} />
          ))}
        </tbody>
      </table>
      {accounts.hasNextPage && <button onClick={() => void accounts.fetchNextPage()}>More</button>}
    </section>
  );
}
