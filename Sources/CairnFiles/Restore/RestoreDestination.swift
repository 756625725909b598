public import CairnCore
import Synchronization
public import SystemPackage

/// A directory below which files are restored, and beyond which nothing is touched.
///
/// Every name is created relative to an open directory, which was itself opened by its name in its
/// parent without following symbolic links. So whatever stands below the destination, a link
/// planted there before or during the restore, leads nowhere: it is refused with an error that
/// names it. A name is refused if it is empty, "." or "..", or holds "/" or a zero byte.
///
/// A file gets its name when it is whole and has its attributes; until then it has a temporary name
/// in the same directory, ".cairn-" and 16 hexadecimal digits, which only a crash leaves behind. A
/// directory is created for its owner alone, and gets its attributes when everything in it is done.
///
///     let destination = try RestoreDestination("/restored") { print($0) }
///     let directory = try destination.root.makeDirectory("letters")
///     let file = try directory.createFile("to Alice", for: metadata)
///     try file.write(content, at: 0)
///     try file.finish(metadata)
///     directory.leave(directoryMetadata)
///     destination.root.leave()
///
/// Existing directories are used as they are, files are replaced in one step, and what the snapshot
/// does not have stays. Nothing is synchronized to the disk.
///
/// ## Resources
///
/// At most ``RestoreOptions/openDirectories`` directories are kept open, and those of files that
/// are being written. One that was closed is opened again when it is needed, through ".." of a
/// lower one or from above, and used only if it is still the same directory. So a tree may be of
/// any depth.
public final class RestoreDestination: Sendable {
  /// The destination itself. It gets no attributes; ``RestoredDirectory/leave(_:)`` it at the end.
  public let root: RestoredDirectory
  private let context: RestoreContext

  /// Opens a directory, and creates it, and those above it, if it does not exist.
  ///
  /// - Parameters:
  ///   - path: the directory; symbolic links on the way to it are followed.
  ///   - report: is told, on any thread, of each attribute that could not be set. The file is there
  ///     all the same.
  public init(
    _ path: FilePath, options: RestoreOptions = RestoreOptions(),
    report: @escaping @Sendable (IOError) -> Void
  ) throws(IOError) {
    context = RestoreContext(path, options, report)
    do throws(Errno) {
      let handle = DirectoryHandle(try Self.open(path), counter: context.counter)
      root = RestoredDirectory(
        root: handle, status: try handle.descriptor.status(), context: context)
    } catch {
      throw .systemCall("open the directory", path.displayText, error)
    }
  }

  private static func open(_ path: FilePath) throws(Errno) -> FileDescriptor {
    let working = FileDescriptor.workingDirectory
    func open() throws(Errno) -> FileDescriptor {
      try working.openEntry(path.cString, .readOnly, options: [.directory])
    }
    do throws(Errno) {
      return try open()
    } catch {
      guard error == .noSuchFileOrDirectory else { throw error }
    }
    var reason: Errno?
    var prefix = FilePath(root: path.root, [])
    for component in path.components {
      prefix.append(component)
      do throws(Errno) {
        try working.makeDirectory(prefix.cString, permissions: 0o777)
      } catch {
        if error != .fileExists { reason = reason ?? error }
      }
    }
    do throws(Errno) {
      return try open()
    } catch {
      throw reason ?? error
    }
  }

  /// The number of directories whose attributes have not been set, the root among them. It is 0
  /// when everything was left and released.
  public var pendingDirectoryCount: Int {
    context.pendingDirectories.load(ordering: .acquiring)
  }

  /// The number of directories that are open.
  public var openDirectoryCount: Int { context.counter.value.load(ordering: .relaxed) }
}
