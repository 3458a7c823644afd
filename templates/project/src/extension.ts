import type { Extension } from 'iam';
import { Projects1764200000000 } from './migrations/1764200000000-projects.js';
import { Project } from './projects/project.entity.js';
import { ProjectsModule } from './projects/projects.module.js';

/** What this project adds to the service; package.json names this file, once it is built. */
export const extension: Extension = {
  modules: [ProjectsModule],
  entities: [Project],
  migrations: [Projects1764200000000],
};
