import ArgumentParser
import CairnCrypto
import CommandSupport
import FoundationSupport

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Tell for whom a file is encrypted, and how long it is.",
    discussion: """
      No key is needed, and nothing is checked: a key alone could do that.

      With --json, the document has these keys: isArmored; stanzas, a list of type (as in the \
      header), name (in words) and argumentCount; needsPassphrase; isPostQuantum, left out if that \
      is not known; and numbers of bytes: headerByteCount, payloadByteCount (from the nonce on), \
      armorByteCount, plainByteCount and overheadByteCount, the last two left out if the file was \
      cut off or damaged so that no content has such a length.
      """)

  @Flag(help: "Put out one JSON document.")
  var json = false
  @OptionGroup var input: InputOptions

  func run() throws {
    let summary = try input.withFile { try Age.inspect($0) }
    let output = Output()
    if json {
      try output.write(json: summary)
    } else {
      try write(summary, to: output)
    }
    try output.flush()
  }

  private func write(_ summary: FileSummary, to output: Output) throws {
    try output.writeLine(
      "an age file, version 1" + (summary.isArmored ? ", armored as text" : ""))
    try output.writeLine("encrypted for:")
    for stanza in summary.stanzas {
      try output.writeLine("  \(stanza.type): \(stanza.name)")
    }
    let postQuantum = summary.isPostQuantum.map { $0 ? "yes" : "no" } ?? "unknown"
    try output.writeLine("safe from quantum computers: \(postQuantum)")
    try write("header", summary.headerByteCount, to: output)
    if summary.isArmored { try write("armor", summary.armorByteCount, to: output) }
    if let count = summary.payloadByteCount { try write("payload", count, to: output) }
    if let count = summary.plainByteCount {
      try write("content", count, to: output)
    } else if summary.payloadByteCount != nil {
      try output.writeLine("content: damaged, for no content has a payload of this length")
    }
  }

  private func write(_ name: String, _ count: Int64, to output: Output) throws {
    try output.writeLine("\(name): \(Formatting.count(count, "byte"))")
  }
}
