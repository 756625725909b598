/// Whether segments are sealed or opened on their way through a pipeline.
enum PipelineDirection: Sendable {
  case sealing, opening

  /// Bytes of a full segment before.
  var inputSize: Int { self == .sealing ? Segment.plainSize : Segment.sealedSize }
  /// Bytes of a full segment afterwards.
  var outputSize: Int { self == .sealing ? Segment.sealedSize : Segment.plainSize }

  /// What the work is called in reports of progress.
  var phase: String { self == .sealing ? "seal" : "open" }
}
