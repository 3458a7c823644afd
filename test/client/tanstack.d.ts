/** As much of @tanstack/react-query, which only `.ci/client` installs, as its tests use. */
export declare class QueryClient {
  fetchQuery<Data>(options: {
    queryKey: readonly unknown[];
    queryFn: (context: { signal: AbortSignal }) => Promise<Data>;
  }): Promise<Data>;
  fetchInfiniteQuery<Data>(options: {
    queryKey: readonly unknown[];
    queryFn: (context: { signal: AbortSignal; pageParam: string }) => Promise<Data>;
    initialPageParam: string;
    getNextPageParam: (page: Data) => string | undefined;
    pages: number;
  }): Promise<{ pages: Data[] }>;
  invalidateQueries(filters: { queryKey: readonly unknown[] }): Promise<void>;
  getQueryData(key: readonly unknown[]): unknown;
  getQueryState(key: readonly unknown[]): { isInvalidated: boolean } | undefined;
}
