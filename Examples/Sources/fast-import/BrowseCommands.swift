import CairnChunks
import CairnCore
import CommandSupport
import FastImport
import SystemPackage

enum LogCommand {
  static func run(_ arguments: ParsedArguments) async throws {
    let (repository, chunk) = try await arguments.openSnapshot()
    let ref = arguments.value(of: .optionalRef)?.bytes
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

enum LsCommand {
  static func run(_ arguments: ParsedArguments) async throws {
    let (repository, chunk) = try await arguments.openSnapshot()
    let ref = arguments[.ref].bytes
    let path = arguments.value(of: .directory)?.bytes ?? []
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

enum CatCommand {
  static func run(_ arguments: ParsedArguments) async throws {
    let (repository, chunk) = try await arguments.openSnapshot()
    let (ref, path) = (arguments[.ref].bytes, arguments[.file].bytes)
    try await repository.withBlockingReader { reader in
      var writer = FileWriter(.standardOutput, name: "the standard output")
      try Browser(reader, snapshot: chunk).cat(ref, path: path, to: &writer)
    }
  }
}
