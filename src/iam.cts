#!/usr/bin/env node
import './thread-pool.cjs';
import { setFlagsFromString } from 'node:v8';

// What would otherwise be options of Node, which a program that npm links cannot have. By itself V8 lets the heap double
// while there is memory, and the service needs 280 MB and more where it serves as much with 190.
setFlagsFromString('--heap-growing-percent=40');
process.setSourceMapsEnabled(true);

void import('./cli.js');
