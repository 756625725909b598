public import CairnCore
public import SystemPackage

extension StringArena {
  /// Writes all strings, under their symbols, as a file to open with ``FrozenStringArena``.
  ///
  /// The file gets its name when it is whole and synchronized, in the place of one that had it
  /// before. While it is made, its table, some 5.8 bytes per string, is in memory.
  ///
  /// - Parameter withTable: whether strings can be found in the frozen arena; otherwise it only
  ///   resolves symbols, and the table is left out.
  /// - Throws: ``InternError/Code/io`` or ``InternError/Code/memory``.
  public func freeze(to path: FilePath, withTable: Bool = true) throws(InternError) {
    var file = try NewFile(at: path)
    try core.freeze(to: &file.writer, withTable: withTable)
    try file.publish()
  }

  /// Writes all strings, under their symbols, as ``freeze(to:withTable:)-(FilePath,_)``, to a
  /// descriptor from its current offset on; nothing is synchronized.
  public func freeze(to file: FileDescriptor, withTable: Bool = true) throws(InternError) {
    var writer = FileWriter(file, name: "the frozen arena")
    try core.freeze(to: &writer, withTable: withTable)
  }

  /// Writes all strings, under their symbols, as ``freeze(to:withTable:)-(FilePath,_)``, to a writer
  /// of the host's.
  public func freeze(
    to writer: inout some ByteWriter, withTable: Bool = true
  ) throws(InternError) {
    try core.freeze(to: &writer, withTable: withTable)
  }
}
