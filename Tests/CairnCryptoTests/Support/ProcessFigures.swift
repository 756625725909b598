#if os(Linux)
  import Foundation

  /// What the kernel says about this process.
  enum ProcessFigures {
    static var threadCount: Int {
      get throws { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count }
    }

    /// Bytes of memory in use now.
    static var memory: Int { get throws { try bytes("VmRSS:") } }

    /// The most bytes of memory that were ever in use, or since ``forgetPeak()``.
    static var peakMemory: Int { get throws { try bytes("VmHWM:") } }

    /// Bytes of address space.
    static var addressSpace: Int { get throws { try bytes("VmSize:") } }

    static func forgetPeak() throws {
      let file = try FileHandle(forWritingTo: URL(filePath: "/proc/self/clear_refs"))
      try file.write(contentsOf: Data("5".utf8))
      try file.close()
    }

    private static func bytes(_ label: String) throws -> Int {
      let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
      let line = status.split(separator: "\n").first { $0.hasPrefix(label) }
      guard let words = line?.split(whereSeparator: \.isWhitespace), words.count == 3,
        let kibibytes = Int(words[1])
      else { throw CocoaError(.fileReadCorruptFile) }
      return kibibytes << 10
    }
  }
#endif
