public import CairnCore

/// An age file of which any part can be read, in any order and by several threads at once.
///
///     let window = FileWindow(file, byteCount: size)
///     let sealed = try SealedFile(window, identities: [identity])
///     let count = try sealed.read(at: 1_000_000_000, into: &buffer)
///
/// The header and the last segment are authenticated when the file is opened, so a file that was
/// cut off is found at once; every other segment is when it is read. A read costs the segments that
/// it touches, of 64 KiB each. The file must be binary: the text armor has no random access.
///
/// Memory: 64 KiB and a cipher for each thread that reads at the same time.
public final class SealedFile<Source: RandomAccessReader>: Sendable {
  /// Where the parts of the file are.
  public let layout: PayloadLayout
  private let source: Source
  private let key: PayloadKey
  /// Readers that are not in use.
  private let idle = Monitor<[SegmentReader]>([])

  /// Opens the header and checks the end of the file.
  ///
  /// - Parameters:
  ///   - source: The whole file, which must not change any more.
  ///   - identities: Tried in order.
  ///   - limits: How much of a header to accept.
  /// - Throws: ``CryptoError/Code/header``, ``CryptoError/Code/limit``,
  ///   ``CryptoError/Code/truncated`` or ``CryptoError/Code/payload`` if the file is damaged;
  ///   ``CryptoError/Code/io`` if `source` fails; what ``Header/unwrap(with:)`` throws.
  public init(
    _ source: Source, identities: [any Identity], limits: Header.Limits = Header.Limits()
  ) throws(CryptoError) {
    let fileByteCount = try Self.size(of: source)
    let header = try Self.readHeader(of: source, limits)
    let layout = try PayloadLayout(
      headerByteCount: header.byteCount, fileByteCount: fileByteCount)
    let fileKey = try header.unwrap(with: identities)
    let nonce = try source.readBytes(at: Int64(header.byteCount), count: PayloadKey.nonceSize)
    let key = try PayloadKey(fileKey, nonce: nonce.span.bytes)
    self.source = source
    self.layout = layout
    self.key = key
    try checkEnd()
  }

  /// Opens a payload that is stored without its header, from its nonce on.
  ///
  /// - Parameters:
  ///   - payload: The file behind its header.
  ///   - fileKey: What the header wraps; see ``Header/unwrap(with:)``.
  /// - Throws: As ``init(_:identities:limits:)``.
  public init(payload: Source, fileKey: FileKey) throws(CryptoError) {
    layout = try PayloadLayout(headerByteCount: 0, fileByteCount: Self.size(of: payload))
    let nonce = try payload.readBytes(at: 0, count: PayloadKey.nonceSize)
    key = try PayloadKey(fileKey, nonce: nonce.span.bytes)
    source = payload
    try checkEnd()
  }

  private static func size(of source: Source) throws(CryptoError) -> Int64 {
    do throws(IOError) { return try source.byteCount } catch { throw .io(error) }
  }

  private static func readHeader(
    of source: Source, _ limits: Header.Limits
  ) throws(CryptoError) -> Header {
    // Almost all headers are shorter than this; the others take a second look.
    var count = min(4096, limits.byteCount)
    while true {
      let bytes = try source.readBytes(at: 0, upTo: count)
      if let header = try Header.parse(bytes.span.bytes, limits: limits) { return header }
      if bytes.count < count { throw Header.truncated() }
      count = min(4 * count, limits.byteCount)
    }
  }

  private func checkEnd() throws(CryptoError) {
    let range = layout.lastSegmentRange
    let last = try source.readBytes(at: range.lowerBound, count: range.count)
    try PayloadOpener(key, layout).checkEnd(last.span.bytes)
  }

  /// Bytes of plaintext.
  public var byteCount: Int64 { layout.byteCount }

  /// Appends plaintext from `offset` on to `buffer` until it is full or the end is reached, and
  /// returns how many bytes.
  ///
  /// - Throws: ``CryptoError/Code/payload`` if a segment is damaged: what was appended before is
  ///   sound; ``CryptoError/Code/io`` if the source fails.
  public func read(
    at offset: Int64, into buffer: inout OutputRawSpan
  ) throws(CryptoError) -> Int {
    precondition(offset >= 0, "an offset is not negative")
    let spare = idle.withLock { $0.popLast() }
    let reader = if let spare { spare } else { try SegmentReader(key) }
    defer { idle.withLock { $0.append(reader) } }
    var position = offset
    while position < byteCount, buffer.freeCapacity > 0 {
      let index = position / Int64(Segment.plainSize)
      let plain = try reader.open(index, of: source, layout)
      let skipped = Int(position % Int64(Segment.plainSize))
      let wanted = plain[skipped...].prefix(buffer.freeCapacity)
      buffer.append { free in
        free.copyMemory(from: UnsafeRawBufferPointer(rebasing: wanted))
        return wanted.count
      }
      position += Int64(wanted.count)
    }
    return Int(max(0, position - offset))
  }
}

/// What one thread needs to open segments. It keeps the last one, for reads in small steps.
///
/// `@unchecked Sendable`: between uses it waits in a list under a lock, and a thread that takes it
/// out of there is the only one to have it.
private final class SegmentReader: @unchecked Sendable {
  private var cipher: SegmentCipher
  private let scratch = SegmentScratch()
  private var openedIndex: Int64?
  private var openedCount = 0

  init(_ key: PayloadKey) throws(CryptoError) { cipher = try SegmentCipher(key) }

  func open(
    _ index: Int64, of source: some RandomAccessReader, _ layout: PayloadLayout
  ) throws(CryptoError) -> UnsafeRawBufferPointer {
    if openedIndex != index {
      openedIndex = nil
      let range = layout.sealedRange(ofSegment: index)
      let slot = UnsafeMutableRawBufferPointer(rebasing: scratch.bytes[..<range.count])
      let count = try source.read(at: range.lowerBound, into: slot)
      guard count == range.count else { throw .truncated(in: UInt64(index)) }
      try cipher.open(
        UnsafeRawBufferPointer(slot), index: UInt64(index),
        isFinal: index == layout.segmentCount - 1, into: slot)
      openedIndex = index
      openedCount = count - Segment.tagSize
    }
    return UnsafeRawBufferPointer(rebasing: scratch.bytes[..<openedCount])
  }
}
