#if Parity
  import CISAL

  /// The checksum of a shard: CRC-64/XZ, that is ECMA-182, reflected, as in the .xz file format.
  ///
  /// What differs within 64 bits in a row always has another one; whatever else differs has the same
  /// one by chance only, one in 2^64. It is no defence against forgers.
  enum Checksum {
    static let byteCount = 8

    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
      crc64_ecma_refl(
        0, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count))
    }
  }
#endif
