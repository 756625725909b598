import ArgumentParser
import CairnChunks
import CairnCore
import CommandSupport
import FastImport
import SystemPackage

struct LogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "List the refs, or the commits that lead to one, the newest first.",
    discussion: "Of a merge, the first parent is followed.")

  @OptionGroup var snapshot: SnapshotOptions

  @Argument(help: "A ref; without it, all refs are listed.")
  var ref: ArgumentBytes?

  func run() async throws {
    let (repository, chunk) = try await snapshot.open()
    let ref = ref?.bytes
    try await repository.withBlockingReader { reader in
      let browser = Browser(reader, snapshot: chunk)
      let output = Output()
      if let ref {
        try browser.log(ref) { commit in
          let title = commit.message.prefix { $0 != UInt8(ascii: "\n") }
          try output.writeLine("\(commit.id) \(String(decoding: title, as: UTF8.self))")
          try output.checkReader()
          return true
        }
      } else {
        for ref in try browser.refs() {
          try output.writeLine(
            "\(ref.id) \(ref.kind.name) \(String(decoding: ref.name, as: UTF8.self))")
        }
      }
      try output.flush()
    }
  }
}

struct LsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "List a directory of a ref's tree.")

  @OptionGroup var snapshot: SnapshotOptions

  @Argument(help: "A ref.")
  var ref: ArgumentBytes

  @Argument(help: "A directory; the root by default.")
  var path: ArgumentBytes = ArgumentBytes([])

  func run() async throws {
    let (repository, chunk) = try await snapshot.open()
    let (ref, path) = (ref.bytes, path.bytes)
    try await repository.withBlockingReader { reader in
      let output = Output()
      try Browser(reader, snapshot: chunk).list(ref, path: path) { mode, kind, id, name in
        let padding = String(repeating: "0", count: 6 - mode.utf8.count)
        try output.writeLine(
          "\(padding)\(mode) \(kind.name) \(id)\t\(String(decoding: name, as: UTF8.self))")
        try output.checkReader()
      }
      try output.flush()
    }
  }
}

struct CatCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cat", abstract: "Write the content of a file in a ref's tree.")

  @OptionGroup var snapshot: SnapshotOptions

  @Argument(help: "A ref.")
  var ref: ArgumentBytes

  @Argument(help: "A file.")
  var path: ArgumentBytes

  func run() async throws {
    let (repository, chunk) = try await snapshot.open()
    let (ref, path) = (ref.bytes, path.bytes)
    try await repository.withBlockingReader { reader in
      var writer = FileWriter(.standardOutput, name: "the standard output")
      try Browser(reader, snapshot: chunk).cat(ref, path: path, to: &writer)
    }
  }
}
