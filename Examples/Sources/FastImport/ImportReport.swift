/// What an import did.
public struct ImportReport: Sendable {
  /// Objects that were stored, and such as were known already.
  public struct Count: Sendable {
    public var new: UInt64 = 0
    public var duplicates: UInt64 = 0
  }

  public internal(set) var objects: [String: Count] = [:]
  public internal(set) var branches = 0
  public internal(set) var marks: UInt64 = 0
  /// The bytes of memory that the tables of objects and marks took.
  public internal(set) var tableBytes = 0
  /// The refs that were not updated, and why.
  public internal(set) var refusals: [String] = []

  /// As git prints it at the end of an import.
  public var statistics: String {
    var text = "fast-import statistics:\n"
    text += String(repeating: "-", count: 69) + "\n"
    let all = objects.values.reduce(into: Count()) { sum, count in
      sum.new += count.new
      sum.duplicates += count.duplicates
    }
    text += Self.line("Total objects:", all)
    for (name, title) in [
      ("blob", "      blobs  :"), ("tree", "      trees  :"), ("commit", "      commits:"),
      ("tag", "      tags   :"),
    ] {
      text += Self.line(title, objects[name] ?? Count())
    }
    text += "Total branches:  \(Self.padded(UInt64(branches)))\n"
    text += "      marks:     \(Self.padded(marks))\n"
    text += "Memory of tables:\(Self.padded(UInt64(tableBytes / 1024))) KiB\n"
    return text + String(repeating: "-", count: 69) + "\n"
  }

  private static func line(_ title: String, _ count: Count) -> String {
    let name = title + String(repeating: " ", count: max(0, 17 - title.utf8.count))
    return "\(name)\(padded(count.new)) (\(padded(count.duplicates)) duplicates)\n"
  }

  private static func padded(_ number: UInt64) -> String {
    let digits = String(number)
    return String(repeating: " ", count: max(0, 10 - digits.utf8.count)) + digits
  }
}
