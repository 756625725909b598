public import CairnCore
public import SystemPackage

extension Age {
  /// The most threads that seal or open one stream, unless a caller says otherwise.
  public static let defaultThreadLimit = 8

  /// Seals a file, pipe or socket into another, from the current offset of each.
  ///
  /// The descriptors are borrowed, not closed. Afterwards the offset of each is behind what was read
  /// or written. A regular file is sealed as long as it is when the call is made. The call blocks:
  /// do not make it on a thread of the cooperative pool.
  ///
  /// Uses as many threads as there are processors, up to `threadLimit`, but only the caller's for
  /// less than 256 KiB. Memory: some 350 KiB for each thread, whatever the length.
  ///
  /// - Parameters:
  ///   - input: Read to its end. It may be non-blocking.
  ///   - output: Receives the age file: not the same file as `input`. It may be non-blocking, or
  ///     open for appending. On failure it holds a part, which no identity opens as a whole: do not
  ///     give it its final name before this call returns.
  ///   - recipients: Who can open the file; at least one.
  ///   - armored: Whether the file is to be text, see ``Armor``; that is done on one thread.
  ///   - threadLimit: The most threads to use, the caller's among them.
  ///   - progress: Told of the plaintext done, some ten times a second. What it throws ends the
  ///     work.
  /// - Throws: ``CryptoError/Code/recipients`` if there are none or they cannot be combined;
  ///   ``CryptoError/Code/io`` if reading or writing fails, if a reader of the output has gone
  ///   (`EPIPE`, never a signal), or if the input became shorter meanwhile;
  ///   ``CryptoError/Code/cancelled``; what ``Recipient/wrap(_:)`` throws.
  public static func seal(
    from input: FileDescriptor, to output: FileDescriptor, recipients: [any Recipient],
    armored: Bool = false, threadLimit: Int = defaultThreadLimit,
    progress: any ProgressReporter = NoProgress()
  ) throws(CryptoError) {
    try seal(
      from: input, to: output, recipients: recipients, armored: armored,
      workerCount: workerCount(threadLimit), progress: progress)
  }

  /// The same on exactly as many threads as are asked for, at least one.
  static func seal(
    from input: FileDescriptor, to output: FileDescriptor, recipients: [any Recipient],
    armored: Bool = false, workerCount: Int, progress: any ProgressReporter
  ) throws(CryptoError) {
    let (from, to) = try StreamEnd.pair(input, output)
    let meter = ProgressMeter(
      progress, phase: PipelineDirection.sealing.phase, total: from.remainingCount)
    if armored {
      _ = try seal(
        from: FileReader(input), to: FileWriter(output), recipients: recipients, armored: true,
        meter: meter)
      return meter.finish()
    }
    let (header, fileKey) = try Header.seal(to: recipients)
    let (nonce, key) = try PayloadKey.generate(for: fileKey)
    try to.write((header.bytes + nonce).span.bytes)
    let start = try to.currentOffset()
    let pipeline = SegmentPipeline(
      .sealing, key: key,
      from: PieceSource(input, segmentSize: Segment.plainSize, range: from.range),
      to: PieceSink(output, segmentSize: Segment.sealedSize, start: start), meter: meter)
    let outcome = pipeline.run(workerCount: workerCount)
    try from.finish(outcome, to: to, start: start)
    meter.finish()
  }

  /// Opens an age file, pipe or socket into another, from the current offset of each; it may be
  /// armored.
  ///
  /// The descriptors are borrowed, not closed. Afterwards the offset of each is behind what was read
  /// or written. The call blocks: do not make it on a thread of the cooperative pool. Threads and
  /// memory are as for ``seal(from:to:recipients:armored:threadLimit:progress:)``.
  ///
  /// - Parameters:
  ///   - input: Read to its end. It may be non-blocking.
  ///   - output: Receives plaintext, authenticated segment by segment: not the same file as
  ///     `input`. On failure it holds the beginning, up to the damage: do not give it its final name
  ///     before this call returns. Only where it is a regular file with more bytes behind its
  ///     offset can some of those have been overwritten by later segments.
  ///   - identities: Tried in order.
  ///   - limits: How much of a header to accept.
  ///   - threadLimit: The most threads to use, the caller's among them.
  ///   - progress: Told of the plaintext done, some ten times a second. What it throws ends the
  ///     work.
  /// - Throws: What ``OpeningReader`` throws; ``CryptoError/Code/io`` if reading or writing fails or
  ///   a reader of the output has gone; ``CryptoError/Code/cancelled``.
  public static func open(
    from input: FileDescriptor, to output: FileDescriptor, identities: [any Identity],
    limits: Header.Limits = Header.Limits(), threadLimit: Int = defaultThreadLimit,
    progress: any ProgressReporter = NoProgress()
  ) throws(CryptoError) {
    try open(
      from: input, to: output, identities: identities, limits: limits,
      workerCount: workerCount(threadLimit), progress: progress)
  }

  /// The same on exactly as many threads as are asked for, at least one.
  static func open(
    from input: FileDescriptor, to output: FileDescriptor, identities: [any Identity],
    limits: Header.Limits, workerCount: Int, progress: any ProgressReporter
  ) throws(CryptoError) {
    let (from, to) = try StreamEnd.pair(input, output)
    var buffer = InputBuffer(
      FileReader(input), capacity: OpeningReader<FileReader>.bufferSize)
    let header = try buffer.readHeader(limits: limits)
    let key = try buffer.readPayloadKey(of: header, identities: identities)
    if buffer.isArmored {
      let meter = ProgressMeter(progress, phase: PipelineDirection.opening.phase, total: nil)
      var reader = try OpeningReader(buffer, key: key)
      var writer = FileWriter(output)
      try reader.copyAll(to: &writer, meter: meter)
      return meter.finish()
    }
    let start = try to.currentOffset()
    let payload = from.dropping(try from.consumedCount(stillBuffered: buffer.count))
    let meter = ProgressMeter(
      progress, phase: PipelineDirection.opening.phase,
      total: payload.remainingCount.flatMap { Segment.plainCount(forSealed: $0) })
    let pipeline = SegmentPipeline(
      .opening, key: key,
      from: PieceSource(
        input, segmentSize: Segment.sealedSize, range: payload.range,
        ahead: payload.range == nil ? Array(buffer.bytes) : []),
      to: PieceSink(output, segmentSize: Segment.plainSize, start: start), meter: meter)
    let outcome = pipeline.run(workerCount: workerCount)
    try payload.finish(outcome, to: to, start: start)
    meter.finish()
  }

  private static func workerCount(_ limit: Int) -> Int { max(1, min(limit, availableProcessors())) }
}
