import '@nestjs/common';
import '@nestjs/core';
import 'reflect-metadata';
