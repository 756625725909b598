extension Root {
  private static let heightField = "content-height"
  private static let lengthField = "content-length"

  /// The stream that was published by
  /// ``WriteSession/publish(name:content:fields:time:)``, or `nil` if it was something else.
  public var content: Content? {
    guard let height = fields[Self.heightField].flatMap({ Int($0) }),
      let length = fields[Self.lengthField].flatMap({ UInt64($0) })
    else { return nil }
    return Content(root: chunk, byteCount: length, height: height)
  }

  static func fields(of content: Content) -> [String: String] {
    [heightField: String(content.height), lengthField: String(content.byteCount)]
  }
}

extension WriteSession {
  /// Commits a stream: makes durable what was stored, then publishes a root of which
  /// ``Root/content`` is the stream.
  ///
  /// - Parameter fields: further fields of the host's.
  @discardableResult
  public func publish(
    name: String, content: Content, fields: [String: String] = [:], time: Int64? = nil
  ) async throws(ChunkStoreError) -> Root {
    try await publish(
      name: name, chunk: content.root,
      fields: fields.merging(Root.fields(of: content)) { _, own in own }, time: time)
  }
}
