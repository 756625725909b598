#ifndef EXAMPLES_OPENSSL_SHIM_H
#define EXAMPLES_OPENSSL_SHIM_H

#include <openssl/evp.h>

#endif
