import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Config } from '../config/config.js';
import { onRequestEnd } from '../context/request-context.js';
import { Metrics } from './metrics.js';

/** Methods with their own series; any other method counts as OTHER. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS']);

/** Measures every request, and serves the metrics on a separate port, which need not be open to clients. */
@Injectable()
export class MetricsServer implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Metrics');
  private server: Server | null = null;

  constructor(
    private readonly config: Config,
    private readonly metrics: Metrics,
  ) {}

  /** Counts every request of the server. Call this before adding hooks that send responses. */
  countRequests(server: FastifyInstance): void {
    onRequestEnd(server, (request, reply, status) => this.observe(request, reply, status));
  }

  async onApplicationBootstrap(): Promise<void> {
    const { metricsPort, host } = this.config;
    if (metricsPort === 0) return;
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
    });
    await new Promise<void>((resolve) => {
      // A second instance on one machine, usually in development, runs without metrics.
      this.server?.once('error', (error) => {
        this.logger.warn(`No metrics: ${error.message}`);
        this.server = null;
        resolve();
      });
      this.server?.listen(metricsPort, host, resolve);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    const { server } = this;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  private observe(request: FastifyRequest, reply: FastifyReply, status: number): void {
    this.metrics.requests.observe(
      {
        method: METHODS.has(request.method) ? request.method : 'OTHER',
        route: request.routePattern ?? 'unknown',
        status: String(status),
      },
      reply.elapsedTime / 1000,
    );
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    const text = await this.metrics.registry.metrics();
    response.writeHead(200, { 'content-type': this.metrics.registry.contentType }).end(text);
  }
}
