#!/usr/bin/env node
import './thread-pool.cjs';
import './source-maps.cjs';

void import('./cli.js');
