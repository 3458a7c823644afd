#!/usr/bin/env node
import './thread-pool.cjs';

// Otherwise an option of Node, which a program that npm links cannot have.
process.setSourceMapsEnabled(true);

void import('./cli.js');
