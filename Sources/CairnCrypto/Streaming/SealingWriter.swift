public import CairnCore

/// Seals what is written to it, and passes the age file on to another writer.
///
/// Memory: some 700 KiB, whatever the length. Bytes are passed on in pieces of 256 KiB (an armor in
/// pieces of 64 KiB), the header at once. Only ``finish()`` makes the file valid: without it, it is
/// truncated, and says so when it is opened.
///
/// Errors are sticky: after one, every call throws the same.
public struct SealingWriter<Output: ByteWriter>: ~Copyable {
  private var output: Output
  private var armor: ArmorEncoder?
  private var cipher: SegmentCipher
  private var nextIndex: UInt64 = 0
  /// Plaintext of the segment that is being collected. A full one waits until it is known whether
  /// anything follows.
  private var pending: ByteBuffer
  /// Sealed segments that have not been passed on.
  private var sealed: ByteBuffer
  private var failure: CryptoError?

  /// Begins a file: wraps a new file key for the recipients, and writes the header.
  ///
  /// - Parameters:
  ///   - output: Receives the age file.
  ///   - recipients: Who can open it; at least one.
  ///   - armored: Whether the file is to be text, see ``Armor``.
  /// - Throws: What ``Header/seal(to:)`` throws; ``CryptoError/Code/io`` if `output` fails.
  public init(
    _ output: consuming Output, recipients: [any Recipient], armored: Bool = false
  ) throws(CryptoError) {
    let (header, fileKey) = try Header.seal(to: recipients)
    let (nonce, payloadKey) = try PayloadKey.generate(for: fileKey)
    let cipher = try SegmentCipher(payloadKey)
    var armor = armored ? ArmorEncoder() : nil
    let start = header.bytes + nonce
    try start.span.bytes.withUnsafeBytes { (start) throws(CryptoError) in
      try Self.passOn(start, in: &armor, to: &output)
    }
    self.output = output
    self.armor = armor
    self.cipher = cipher
    pending = ByteBuffer(capacity: Segment.plainSize)
    sealed = ByteBuffer(capacity: segmentsPerPiece * Segment.sealedSize)
  }

  /// Appends plaintext.
  ///
  /// - Throws: ``CryptoError/Code/io`` if the output fails; ``CryptoError/Code/library`` if
  ///   libcrypto fails.
  public mutating func write(_ bytes: RawSpan) throws(CryptoError) {
    try bytes.withUnsafeBytes { (bytes) throws(CryptoError) in try write(bytes) }
  }

  /// Appends plaintext.
  ///
  /// - Throws: As ``write(_:)-(RawSpan)``.
  public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(CryptoError) {
    if let failure { throw failure }
    do throws(CryptoError) {
      try collect(bytes)
    } catch {
      failure = error
      throw error
    }
  }

  /// Ends the file: seals the last segment and passes on what is left.
  ///
  /// - Returns: The output, which now holds a whole file. Making it durable is up to the caller.
  /// - Throws: As ``write(_:)-(RawSpan)``. The file is not valid then.
  public consuming func finish() throws(CryptoError) -> Output {
    if let failure { throw failure }
    try seal(pending.bytes, isFinal: true)
    try flush()
    try armor?.finish(to: &output)
    return output
  }

  private mutating func collect(_ bytes: UnsafeRawBufferPointer) throws(CryptoError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      if pending.isFull {
        try seal(pending.bytes, isFinal: false)
        pending.removeAll()
      }
      // A whole segment with more behind it need not be collected first.
      if pending.isEmpty, rest.count > Segment.plainSize {
        try seal(UnsafeRawBufferPointer(rebasing: rest.prefix(Segment.plainSize)), isFinal: false)
        rest = rest.dropFirst(Segment.plainSize)
      } else {
        rest = rest.dropFirst(pending.append(UnsafeRawBufferPointer(rebasing: rest)))
      }
    }
  }

  private mutating func seal(
    _ plain: UnsafeRawBufferPointer, isFinal: Bool
  ) throws(CryptoError) {
    if sealed.free.count < Segment.sealedSize { try flush() }
    try cipher.seal(plain, index: nextIndex, isFinal: isFinal, into: sealed.free)
    sealed.count += plain.count + Segment.tagSize
    nextIndex += 1
  }

  private mutating func flush() throws(CryptoError) {
    try Self.passOn(sealed.bytes, in: &armor, to: &output)
    sealed.removeAll()
  }

  private static func passOn(
    _ bytes: UnsafeRawBufferPointer, in armor: inout ArmorEncoder?, to output: inout Output
  ) throws(CryptoError) {
    if armor != nil {
      try armor?.write(bytes, to: &output)
      try armor?.flush(to: &output)
      return
    }
    do throws(IOError) {
      try output.write(bytes.bytes)
    } catch {
      throw .io(error)
    }
  }
}

/// How many segments are read or written at once: few enough to stay in a core's cache.
let segmentsPerPiece = 4
