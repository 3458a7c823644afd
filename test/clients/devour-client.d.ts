/** devour-client has no types of its own; these are what the tests use. */
declare module 'devour-client' {
  type Query = Record<string, unknown>;

  /** A resource as devour hands it out: its attributes and relationships side by side. */
  export interface Model {
    readonly id: string;
    readonly type: string;
    readonly [field: string]: unknown;
  }

  export interface DevourResponse<Data = Model> {
    readonly data: Data;
    readonly meta?: { readonly count?: number; readonly token?: string };
    readonly links?: Readonly<Record<string, string | null>>;
  }

  export default class JsonApi {
    constructor(options: {
      apiUrl: string;
      logger?: boolean;
      bearer?: string;
      errorBuilder?: (error: object) => object;
    });
    headers: Record<string, string>;
    bearer: string | null;
    define(
      model: string,
      attributes: Record<string, string | { jsonApi: 'hasOne' | 'hasMany'; type: string }>,
      options?: { collectionPath?: string; type?: string; readOnly?: string[] },
    ): void;
    find(model: string, id: string, query?: Query): Promise<DevourResponse>;
    findAll(model: string, query?: Query): Promise<DevourResponse<Model[]>>;
    create(model: string, resource: Query): Promise<DevourResponse>;
    update(model: string, resource: Query): Promise<DevourResponse>;
    destroy(model: string, id: string): Promise<unknown>;
    request(url: string, method?: string, query?: Query): Promise<DevourResponse<Model[]>>;
    axios: { post(url: string, body: object): Promise<{ data: DevourResponse }> };
  }
}
