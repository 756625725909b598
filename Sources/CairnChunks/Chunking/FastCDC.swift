public import CairnCrypto

/// Content-defined chunking that finds most cut points again after bytes were inserted or removed.
///
/// This is FastCDC with normalised chunking: Wen Xia et al., "FastCDC: a Fast and Efficient
/// Content-Defined Chunking Approach for Data Deduplication", USENIX ATC 2016, and "The Design of
/// Fast Content-Defined Chunking for Data Deduplication Based Storage Systems", IEEE TPDS 2020.
/// The gear table is derived from a key, so that cut points differ between repositories.
public struct FastCDC: Chunker {
  public let parameters: Parameters
  public var maximumSize: Int { parameters.maximum }

  /// The sizes of chunks, in bytes.
  public struct Parameters: Hashable, Sendable, Codable {
    public let minimum: Int
    public let average: Int
    public let maximum: Int

    /// 16, 64 and 256 KiB. A pack is sealed in segments of 64 KiB, so smaller chunks would make
    /// reading one of them dearer without making it finer, and a chunk costs some 50 bytes of
    /// memory while the index is held there.
    public static let standard = Parameters(minimum: 16 << 10, average: 64 << 10, maximum: 256 << 10)!

    /// - Returns: `nil` unless 64 <= minimum <= average <= maximum <= ``Chunk/maximumSize`` and
    ///   the average is a power of two of at least 256.
    public init?(minimum: Int, average: Int, maximum: Int) {
      guard minimum >= 64, minimum <= average, average <= maximum,
        maximum <= Chunk.maximumSize, average >= 256, average & (average - 1) == 0
      else { return nil }
      self.minimum = minimum
      self.average = average
      self.maximum = maximum
    }
  }

  /// 256 numbers for the bytes, then the same shifted left by one for the first of two steps.
  private let gear: [UInt64]
  private let strictMask: UInt64
  private let looseMask: UInt64

  /// - Parameters:
  ///   - key: what the gear table is derived from.
  ///   - parameters: the sizes.
  public init(key: SecretBytes, parameters: Parameters = .standard) throws(CryptoError) {
    self.parameters = parameters
    let table = try HKDFSHA256.deriveKey(
      from: key, salt: RawSpan(), info: "cairn gear table", count: 256 * 8)
    let gear = table.withUnsafeBytes { bytes in
      (0..<256).map {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self))
      }
    }
    self.gear = gear + gear.map { $0 << 1 }
    let bits = parameters.average.trailingZeroBitCount
    strictMask = Self.mask(bits: bits + 2)
    looseMask = Self.mask(bits: bits - 2)
  }

  /// A mask of the highest bits but one: they depend on the last 64 bytes, and the highest is left
  /// out because the two-byte step compares with a mask shifted by one.
  private static func mask(bits: Int) -> UInt64 {
    (UInt64.max << (64 - UInt64(bits))) >> 1
  }

  public func firstChunk(of bytes: RawSpan) -> Int {
    let count = min(bytes.byteCount, parameters.maximum)
    guard count > parameters.minimum else { return count }
    return bytes.withUnsafeBytes { bytes in
      gear.withUnsafeBufferPointer { gear in
        var hash: UInt64 = 0
        let middle = min(parameters.average, count)
        if let cut = scan(
          bytes, from: parameters.minimum, to: middle, mask: strictMask, gear, &hash)
        {
          return cut
        }
        return scan(bytes, from: middle, to: count, mask: looseMask, gear, &hash) ?? count
      }
    }
  }

  /// Rolls two bytes a step, as in the paper of 2020: the hash and the mask of the first byte are
  /// both shifted left by one, which saves a shift.
  @inline(__always)
  private func scan(
    _ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int, mask: UInt64,
    _ gear: UnsafeBufferPointer<UInt64>, _ hash: inout UInt64
  ) -> Int? {
    let table = gear.baseAddress!
    let shiftedMask = mask << 1
    var value = hash
    var position = start
    while position + 1 < end {
      value = (value << 2) &+ table[256 + Int(bytes[position])]
      if value & shiftedMask == 0 { return position + 1 }
      value = value &+ table[Int(bytes[position + 1])]
      if value & mask == 0 { return position + 2 }
      position += 2
    }
    if position < end {
      value = (value << 1) &+ table[Int(bytes[position])]
      if value & mask == 0 { return position + 1 }
    }
    hash = value
    return nil
  }
}
