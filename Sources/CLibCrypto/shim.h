#ifndef CAIRN_LIBCRYPTO_SHIM_H
#define CAIRN_LIBCRYPTO_SHIM_H
#include <openssl/crypto.h>
#include <openssl/evp.h>
#endif
