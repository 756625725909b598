extension Age {
  /// Seals a small message, all in memory; no thread is started and nothing is written.
  ///
  /// - Parameters:
  ///   - bytes: The message.
  ///   - recipients: Who can open the file; at least one.
  ///   - armored: Whether the file is to be text, see ``Armor``.
  /// - Returns: A whole age file: the message, some 200 bytes, and 16 for each 64 KiB; with an
  ///   armor 36 percent more.
  /// - Throws: ``CryptoError/Code/recipients`` if there are none or they cannot be combined; what
  ///   ``Recipient/wrap(_:)`` throws.
  public static func seal(
    _ bytes: RawSpan, to recipients: [any Recipient], armored: Bool = false
  ) throws(CryptoError) -> [UInt8] {
    let file = try sealBinary(bytes, to: recipients)
    return armored ? Armor.encode(file.span.bytes) : file
  }

  private static func sealBinary(
    _ bytes: RawSpan, to recipients: [any Recipient]
  ) throws(CryptoError) -> [UInt8] {
    let (header, fileKey) = try Header.seal(to: recipients)
    let (nonce, payloadKey) = try PayloadKey.generate(for: fileKey)
    var cipher = try SegmentCipher(payloadKey)
    let payloadStart = header.byteCount + nonce.count
    let count = payloadStart + Int(Segment.sealedCount(forPlain: Int64(bytes.byteCount)))
    return try [UInt8](unsafeUninitializedCapacity: count) {
      (buffer, initialized) throws(CryptoError) in
      let out = UnsafeMutableRawBufferPointer(
        rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count])
      out.copyBytes(from: header.bytes)
      UnsafeMutableRawBufferPointer(rebasing: out[header.byteCount...]).copyBytes(from: nonce)
      try bytes.withUnsafeBytes { (plain) throws(CryptoError) in
        try cipher.sealAll(
          plain, into: UnsafeMutableRawBufferPointer(rebasing: out[payloadStart...]))
      }
      initialized = count
    }
  }

  /// Seals a small message, all in memory; see ``seal(_:to:armored:)-(RawSpan,_,_)``.
  ///
  /// - Throws: As ``seal(_:to:armored:)-(RawSpan,_,_)``.
  public static func seal(
    _ bytes: [UInt8], to recipients: [any Recipient], armored: Bool = false
  ) throws(CryptoError) -> [UInt8] {
    try seal(bytes.span.bytes, to: recipients, armored: armored)
  }

  /// Opens a small file, all in memory. All of it is authenticated before any of it is returned.
  ///
  /// - Parameters:
  ///   - file: The whole file, with nothing after it, armored or not.
  ///   - identities: Tried in order.
  ///   - limits: How much of a header to accept.
  /// - Throws: ``CryptoError/Code/header``, ``CryptoError/Code/limit``, ``CryptoError/Code/armor``,
  ///   ``CryptoError/Code/truncated`` or ``CryptoError/Code/payload`` if the file is damaged; what
  ///   ``Header/unwrap(with:)`` throws.
  public static func open(
    _ file: RawSpan, with identities: [any Identity], limits: Header.Limits = Header.Limits()
  ) throws(CryptoError) -> [UInt8] {
    if Armor.isAround(file) {
      let binary = try Armor.decode(file)
      return try openBinary(binary.span.bytes, identities, limits)
    }
    return try openBinary(file, identities, limits)
  }

  private static func openBinary(
    _ file: RawSpan, _ identities: [any Identity], _ limits: Header.Limits
  ) throws(CryptoError) -> [UInt8] {
    var sealed = try SealedPayload(file, identities, limits)
    return try [UInt8](unsafeUninitializedCapacity: sealed.plainCount) {
      (buffer, initialized) throws(CryptoError) in
      try sealed.open(into: UnsafeMutableRawBufferPointer(buffer))
      initialized = sealed.plainCount
    }
  }

  /// Opens a small file, all in memory; see ``open(_:with:limits:)-(RawSpan,_,_)``.
  ///
  /// - Throws: As ``open(_:with:limits:)-(RawSpan,_,_)``.
  public static func open(
    _ file: [UInt8], with identities: [any Identity], limits: Header.Limits = Header.Limits()
  ) throws(CryptoError) -> [UInt8] {
    try open(file.span.bytes, with: identities, limits: limits)
  }

  /// Opens a small file whose content is itself a secret, such as a key.
  ///
  /// - Throws: As ``open(_:with:limits:)-(RawSpan,_,_)``.
  public static func openSecret(
    _ file: RawSpan, with identities: [any Identity], limits: Header.Limits = Header.Limits()
  ) throws(CryptoError) -> SecretBytes {
    if Armor.isAround(file) {
      let binary = try Armor.decode(file)
      return try openBinarySecret(binary.span.bytes, identities, limits)
    }
    return try openBinarySecret(file, identities, limits)
  }

  private static func openBinarySecret(
    _ file: RawSpan, _ identities: [any Identity], _ limits: Header.Limits
  ) throws(CryptoError) -> SecretBytes {
    var sealed = try SealedPayload(file, identities, limits)
    return try SecretBytes(count: sealed.plainCount) { (out) throws(CryptoError) in
      try sealed.open(into: out)
    }
  }

  /// Opens a small file whose content is itself a secret, such as a key.
  ///
  /// - Throws: As ``open(_:with:limits:)-(RawSpan,_,_)``.
  public static func openSecret(
    _ file: [UInt8], with identities: [any Identity], limits: Header.Limits = Header.Limits()
  ) throws(CryptoError) -> SecretBytes {
    try openSecret(file.span.bytes, with: identities, limits: limits)
  }
}

/// A file in memory whose header has been opened.
private struct SealedPayload: ~Copyable, ~Escapable {
  private let segments: RawSpan
  private var cipher: SegmentCipher
  /// Bytes of plaintext in it.
  let plainCount: Int

  @_lifetime(copy file)
  init(
    _ file: RawSpan, _ identities: [any Identity], _ limits: Header.Limits
  ) throws(CryptoError) {
    guard let header = try Header.parse(file, limits: limits) else { throw Header.truncated() }
    let fileKey = try header.unwrap(with: identities)
    let rest = file.extracting(droppingFirst: header.byteCount)
    guard rest.byteCount >= PayloadKey.nonceSize else { throw Header.truncated() }
    let nonce = rest.extracting(first: PayloadKey.nonceSize)
    let segments = rest.extracting(droppingFirst: PayloadKey.nonceSize)
    guard let plainCount = Segment.plainCount(forSealed: Int64(segments.byteCount)) else {
      let index = UInt64(segments.byteCount / Segment.sealedSize)
      let isEmptySegment = segments.byteCount % Segment.sealedSize == Segment.tagSize
      throw isEmptySegment ? .damaged(segment: index, isLast: true) : .truncated(in: index)
    }
    cipher = try SegmentCipher(PayloadKey(fileKey, nonce: nonce))
    self.segments = segments
    self.plainCount = Int(plainCount)
  }

  mutating func open(into out: UnsafeMutableRawBufferPointer) throws(CryptoError) {
    let segments = segments
    try segments.withUnsafeBytes { (segments) throws(CryptoError) in
      try cipher.openAll(segments, into: out)
    }
  }
}
