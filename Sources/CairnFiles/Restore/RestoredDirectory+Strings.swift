public import CairnCore

// For hosts that make up names. Names that come from file systems are bytes.
extension RestoredDirectory {
  /// Makes a directory in this one, or takes the one that is there:
  /// ``makeDirectory(_:)-(RawSpan)``.
  public func makeDirectory(_ name: String) throws(IOError) -> RestoredDirectory {
    let name = Array(name.utf8)
    return try makeDirectory(name.span.bytes)
  }

  /// Creates a file that gets its name when it is finished: ``createFile(_:for:)-(RawSpan,_)``.
  public func createFile(
    _ name: String, for metadata: FileMetadata? = nil
  ) throws(IOError) -> OpenRestoredFile {
    let name = Array(name.utf8)
    return try createFile(name.span.bytes, for: metadata)
  }

  /// Creates a symbolic link, a fifo or, as root, a device: ``createEntry(_:_:)-(RawSpan,_)``.
  public func createEntry(_ name: String, _ metadata: FileMetadata) throws(IOError) {
    let name = Array(name.utf8)
    try createEntry(name.span.bytes, metadata)
  }
}
