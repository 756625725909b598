import Dispatch
package import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

// What swift-system does not have.

extension FileDescriptor {
  /// Waits until the file is on the disk.
  package func synchronize() throws(Errno) {
    guard fsync(rawValue) == 0 else { throw Errno(rawValue: errno) }
  }

  package var isTerminal: Bool { isatty(rawValue) == 1 }
}

extension FilePath {
  /// Waits until the name of this file is on the disk.
  package func synchronizeParent() throws {
    let parent = removingLastComponent()
    let directory = try FileDescriptor.open(
      parent.isEmpty ? "." : parent, .readOnly, options: [.directory, .closeOnExec])
    try directory.closeAfter { try directory.synchronize() }
  }

  /// Whether there is something of this name, be it a link to nowhere.
  package var exists: Bool { (try? Stat(self, followTargetSymlink: false)) != nil }

  package func remove() {
    _ = withPlatformString { unlink($0) }
  }

  /// Makes a directory of this name and those that it is in; one that is there already is left as it
  /// is.
  package func createDirectories(permissions: FilePermissions) throws(Errno) {
    guard !exists else { return }
    let parent = removingLastComponent()
    if !parent.isEmpty { try parent.createDirectories(permissions: permissions) }
    guard withPlatformString({ mkdir($0, permissions.rawValue) }) != 0 else { return }
    let reason = Errno(rawValue: errno)
    if reason != .fileExists { throw reason }
  }

  /// Gives the file another name, and takes that from the file that has it.
  package func rename(to other: FilePath) throws(Errno) {
    let status = withPlatformString { old in
      other.withPlatformString { new in
        // `rename` itself would be taken for this method.
        renameat(AT_FDCWD, old, AT_FDCWD, new)
      }
    }
    guard status == 0 else { throw Errno(rawValue: errno) }
  }

  /// The path without symbolic links, "." and "..".
  package func resolved() throws -> FilePath {
    try withPlatformString { path in
      guard let resolved = realpath(path, nil) else { throw Errno(rawValue: errno) }
      defer { free(resolved) }
      return FilePath(platformString: resolved)
    }
  }

  package static func workingDirectory() throws -> FilePath {
    guard let path = getcwd(nil, 0) else { throw Errno(rawValue: errno) }
    defer { free(path) }
    return FilePath(platformString: path)
  }
}

/// A variable of the environment; one that is empty counts as not set.
package func environment(_ name: String) -> ArgumentBytes? {
  guard let value = getenv(name), value.pointee != 0 else { return nil }
  return ArgumentBytes(UnsafeRawBufferPointer(start: value, count: strlen(value)))
}

package func hostName() -> String {
  var name = [UInt8](repeating: 0, count: 256)
  _ = name.withUnsafeMutableBytes {
    gethostname($0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count - 1)
  }
  return String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
}

/// The columns of the terminal on standard error.
package func terminalWidth() -> Int {
  var size = winsize()
  let request = UInt(TIOCGWINSZ)
  return ioctl(STDERR_FILENO, request, &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
}

/// `exit`, which means something else inside a command.
package func endProcess(_ status: Int32) -> Never {
  exit(status)
}

/// Leaves the process to its other threads, one of which ends it.
///
/// The calling thread takes the signals that come to the process, also those that it was started
/// with as blocked: the threads of libdispatch take none.
package func sleepForever() -> Never {
  var none = sigset_t()
  sigemptyset(&none)
  while true { sigsuspend(&none) }
}

/// What the process does about signals.
package enum Signals {
  /// A reader of our output that goes away is an error of `write`, not the end of the process.
  package static func ignoreBrokenPipe() {
    _ = signal(SIGPIPE, SIG_IGN)
  }

  /// Where the handler of signals writes, since it may do little else.
  private static let pipe = try? FileDescriptor.pipe()

  /// Calls `action` when the process is asked to end; asked again by the same signal, it ends at
  /// once.
  ///
  /// A handler and a pipe rather than a `DispatchSource` of signals: a thread that does not block a
  /// signal would take it from that, and the main thread waits with none blocked.
  ///
  /// - Returns: what has to be kept as long as it shall work.
  package static func onInterruption(_ action: @escaping @Sendable () -> Void) -> Any? {
    guard let (input, _) = pipe else { return nil }
    let source = DispatchSource.makeReadSource(fileDescriptor: input.rawValue, queue: .global())
    source.setEventHandler {
      var byte: UInt8 = 0
      _ = withUnsafeMutableBytes(of: &byte) { try? input.read(into: $0) }
      action()
    }
    source.resume()
    for number in [SIGINT, SIGTERM] {
      _ = signal(number) { number in
        let reason = errno
        _ = signal(number, SIG_DFL)
        if let output = Signals.pipe?.writeEnd.rawValue { _ = write(output, "!", 1) }
        errno = reason
      }
    }
    return source
  }
}
