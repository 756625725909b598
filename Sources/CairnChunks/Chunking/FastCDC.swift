public import CairnCrypto

/// Content-defined chunking that finds most cut points again after bytes were inserted or removed.
///
/// This is FastCDC with normalised chunking: Wen Xia et al., "FastCDC: a Fast and Efficient
/// Content-Defined Chunking Approach for Data Deduplication", USENIX ATC 2016, and "The Design of
/// Fast Content-Defined Chunking for Data Deduplication Based Storage Systems", IEEE TPDS 2020. The
/// gear table is derived from a key, so that cut points differ between repositories.
///
/// The beginning of a stream is cut finer than the rest. Small files, of which trees of sources and
/// documents consist, share more with their other versions when chunks are small; large files would
/// only fill the index with small chunks.
public struct FastCDC: Chunker {
  public let parameters: Parameters
  public var maximumSize: Int { max(parameters.fine.maximum, parameters.coarse.maximum) }

  /// How a stream is cut.
  public struct Parameters: Hashable, Sendable, Codable {
    /// For chunks that begin before ``fineLength``.
    public let fine: Sizes
    /// For the chunks behind.
    public let coarse: Sizes
    /// In bytes.
    public let fineLength: UInt64

    public init(fine: Sizes, coarse: Sizes, fineLength: UInt64) {
      self.fine = fine
      self.coarse = coarse
      self.fineLength = fineLength
    }

    /// All of a stream is cut alike.
    public init(_ sizes: Sizes) {
      self.init(fine: sizes, coarse: sizes, fineLength: 0)
    }

    /// 2, 8 and 64 KiB in the first MiB of a stream; 16, 64 and 256 KiB behind it. A pack is sealed
    /// in segments of 64 KiB, and every chunk has a place in the index, which is why large files are
    /// cut no finer; <doc:Figures> has what other sizes bring and cost.
    public static let standard = Parameters(
      fine: Sizes(minimum: 2 << 10, average: 8 << 10, maximum: 64 << 10)!,
      coarse: Sizes(minimum: 16 << 10, average: 64 << 10, maximum: 256 << 10)!,
      fineLength: 1 << 20)
  }

  /// The sizes of chunks, in bytes.
  public struct Sizes: Hashable, Sendable, Codable {
    public let minimum: Int
    public let average: Int
    public let maximum: Int

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
  private let fine: Scan
  private let coarse: Scan

  /// Sizes and the masks that make them.
  private struct Scan {
    let sizes: Sizes
    /// Before the average, where a cut shall be rarer than by chance.
    let strictMask: UInt64
    /// Behind it, where it shall be more frequent.
    let looseMask: UInt64

    init(_ sizes: Sizes) {
      self.sizes = sizes
      let bits = sizes.average.trailingZeroBitCount
      strictMask = FastCDC.mask(bits: bits + 2)
      looseMask = FastCDC.mask(bits: bits - 2)
    }
  }

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
    fine = Scan(parameters.fine)
    coarse = Scan(parameters.coarse)
  }

  /// A mask of the highest bits but one: they depend on the last 64 bytes, and the highest is left
  /// out because the two-byte step compares with a mask shifted by one.
  private static func mask(bits: Int) -> UInt64 {
    (UInt64.max << (64 - UInt64(bits))) >> 1
  }

  public func firstChunk(of bytes: RawSpan, at offset: UInt64) -> Int {
    let scan = offset < parameters.fineLength ? fine : coarse
    let sizes = scan.sizes
    let count = min(bytes.byteCount, sizes.maximum)
    guard count > sizes.minimum else { return count }
    return bytes.withUnsafeBytes { bytes in
      gear.withUnsafeBufferPointer { gear in
        var hash: UInt64 = 0
        let middle = min(sizes.average, count)
        if let cut = roll(
          bytes, from: sizes.minimum, to: middle, mask: scan.strictMask, gear, &hash)
        {
          return cut
        }
        return roll(bytes, from: middle, to: count, mask: scan.looseMask, gear, &hash) ?? count
      }
    }
  }

  /// Rolls two bytes a step, as in the paper of 2020: the hash and the mask of the first byte are
  /// both shifted left by one, which saves a shift.
  @inline(__always)
  private func roll(
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
