export default {
  iam: {
    input: './openapi.json',
    output: {
      target: './generated/orval.ts',
      client: 'fetch',
      override: { mutator: { path: './orval-fetch.ts', name: 'iamFetch', extension: '.js' } },
    },
  },
};
