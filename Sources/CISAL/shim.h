#ifndef CAIRN_ISAL_SHIM_H
#define CAIRN_ISAL_SHIM_H
#include <isa-l/crc64.h>
#include <isa-l/erasure_code.h>
#endif
