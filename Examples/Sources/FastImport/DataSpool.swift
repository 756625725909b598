import SystemPackage

/// Data whose length is not known before it ends: in a file without a name, if it is long.
final class DataSpool {
  private let folder: FilePath
  private var file: TemporaryFile?
  /// What is not in the file yet.
  private(set) var tail: [UInt8] = []
  private(set) var count: UInt64 = 0

  private static let tailSize = Message.heldLimit

  init(in folder: FilePath) {
    self.folder = folder
  }

  /// Whether it is so short that ``tail`` is all of it.
  var isInMemory: Bool { file == nil }

  func append(_ bytes: some Collection<UInt8>) throws {
    tail.append(contentsOf: bytes)
    count += UInt64(bytes.count)
    if tail.count > Self.tailSize { try flush() }
  }

  private func flush() throws {
    let file = try file ?? TemporaryFile(in: folder)
    self.file = file
    do {
      try file.descriptor.writeAll(tail)
    } catch {
      throw ImportError("cannot write to a temporary file in \(folder): \(error)")
    }
    tail.removeAll(keepingCapacity: true)
  }

  /// Lends what was appended as a stream; can be called again, as long as nothing is appended.
  func withStream<Result>(_ body: (StreamReader, UInt64) throws -> Result) throws -> Result {
    try flush()
    guard let file else { preconditionFailure("the file was just made") }
    _ = try file.descriptor.seek(offset: 0, from: .start)
    return try body(StreamReader(file.descriptor), count)
  }
}
