import CommandSupport
import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The terminal on the standard streams, while this process has all of it.
public struct Terminal {
  private let input = FileDescriptor.standardInput
  private let output = FileDescriptor.standardOutput

  /// Has the terminal during `body`; whatever ends that, or the process, it is as it was then.
  ///
  /// - Throws: what `body` throws, and a failure if the standard streams are no terminal.
  public static func takeOver<Result>(
    during body: (Terminal) throws -> Result
  ) throws -> Result {
    let terminal = Terminal()
    guard terminal.input.isTerminal, terminal.output.isTerminal else {
      throw Failure(
        "a view needs a terminal on standard input and output; use logview rows for anything else")
    }
    return try Undo.takingOver(
      terminal.output, enter: Painter.enter, leave: Painter.leave
    ) {
      try body(terminal)
    }
  }

  /// Columns and rows; those of a VT100 where that is not known.
  public var size: (columns: Int, rows: Int) {
    var size = winsize()
    let request = UInt(TIOCGWINSZ)
    guard ioctl(output.rawValue, request, &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return (80, 24)
    }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  /// Whether the environment says that characters are sent in UTF-8.
  public static var isUTF8: Bool {
    let setting =
      ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment($0)?.text }.first ?? ""
    let name = setting.lowercased()
    return name.contains("utf-8") || name.contains("utf8")
  }

  /// Waits until something is typed, at most so many milliseconds, or until a signal comes.
  public func wait(_ milliseconds: Int) -> Bool {
    var request = pollfd(fd: input.rawValue, events: Int16(POLLIN), revents: 0)
    return poll(&request, 1, Int32(clamping: max(0, milliseconds))) > 0
  }

  /// What was typed; `nil` if the terminal is gone.
  public func read() -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      do {
        let count = try buffer.withUnsafeMutableBytes {
          try input.read(into: $0, retryOnInterrupt: false)
        }
        return count == 0 ? nil : Array(buffer.prefix(count))
      } catch Errno.interrupted {
        continue
      } catch {
        return nil
      }
    }
  }

  public func write(_ bytes: [UInt8]) throws {
    do {
      try output.writeAll(bytes)
    } catch {
      throw Failure("cannot write to the terminal: \(error)")
    }
  }
}
