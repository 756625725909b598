/// What an import did.
public struct ImportReport: Sendable {
  /// Objects that were stored, and such as were known already.
  public struct Count: Sendable {
    public var new: UInt64 = 0
    public var duplicates: UInt64 = 0
  }

  /// A table that grows with the history: how much it holds, in how many bytes of memory.
  public struct Table: Sendable {
    public var entries: UInt64 = 0
    public var bytes = 0

    /// The bytes of memory that each entry takes.
    public var bytesPerEntry: Double { Double(bytes) / Double(max(1, entries)) }
  }

  public internal(set) var objects: [String: Count] = [:]
  /// All objects that are known, those of earlier imports too as far as they were asked for.
  public internal(set) var objectTable = Table()
  public internal(set) var markTable = Table()
  /// The branches, their names among their bytes.
  public internal(set) var branchTable = Table()
  /// The refs that were not updated, and why.
  public internal(set) var refusals: [String] = []

  /// What git prints at the end of an import, without what only git has: deltas, branches that are
  /// loaded, atoms and packs that are mapped. The memory is that of the tables, as git's is; the
  /// buffers and caches of the repository, which do not grow with the history, come on top.
  public var statistics: String {
    var text = "fast-import statistics:\n"
    text += String(repeating: "-", count: 69) + "\n"
    let all = objects.values.reduce(into: Count()) { sum, count in
      sum.new += count.new
      sum.duplicates += count.duplicates
    }
    text += "Alloc'd objects: \(Self.padded(objectTable.entries))\n"
    text += Self.line("Total objects:", all)
    for (name, title) in [
      ("blob", "      blobs  :"), ("tree", "      trees  :"), ("commit", "      commits:"),
      ("tag", "      tags   :"),
    ] {
      text += Self.line(title, objects[name] ?? Count())
    }
    text += "Total branches:  \(Self.padded(branchTable.entries))\n"
    text += "      marks:     \(Self.padded(markTable.entries))\n"
    let total = objectTable.bytes + markTable.bytes + branchTable.bytes
    text += "Memory total:    \(Self.padded(UInt64(total / 1024))) KiB\n"
    text += Self.line("     objects:", objectTable)
    text += Self.line("       marks:", markTable)
    text += Self.line("    branches:", branchTable)
    return text + String(repeating: "-", count: 69) + "\n"
  }

  private static func line(_ title: String, _ table: Table) -> String {
    let tenths = UInt64((table.bytesPerEntry * 10).rounded())
    return "\(filled(title))\(padded(UInt64(table.bytes / 1024))) KiB "
      + "(\(tenths / 10).\(tenths % 10) bytes each)\n"
  }

  private static func line(_ title: String, _ count: Count) -> String {
    "\(filled(title))\(padded(count.new)) (\(padded(count.duplicates)) duplicates)\n"
  }

  private static func filled(_ title: String) -> String {
    title + String(repeating: " ", count: max(0, 17 - title.utf8.count))
  }

  private static func padded(_ number: UInt64) -> String {
    let digits = String(number)
    return String(repeating: " ", count: max(0, 10 - digits.utf8.count)) + digits
  }
}
