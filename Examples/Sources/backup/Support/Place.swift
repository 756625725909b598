import Cairn
import CommandSupport
import SystemPackage

/// What a person names to be backed up.
struct Place {
  let root: WalkRoot

  private static let slash = UInt8(ascii: "/")
  private static let equals = UInt8(ascii: "=")

  /// - Parameter argument: PATH, or NAME=PATH.
  init(_ argument: ArgumentBytes) throws {
    var path = argument.bytes
    var name: [UInt8]?
    // A name is one component, so nothing with a slash in front of the "=" is one.
    if let sign = path.firstIndex(of: Self.equals), sign > 0, !path[..<sign].contains(Self.slash),
      !argument.path.exists
    {
      name = Array(path[..<sign])
      path = Array(path[(sign + 1)...])
    }
    let given = ArgumentBytes(path)
    guard !path.isEmpty else {
      throw Failure("\"\(argument.text)\" names no file; give a path")
    }
    let absolute: FilePath
    do {
      absolute = try Self.absolute(given.path)
    } catch {
      throw Failure("cannot look at \(given.text): \(error); check the path")
    }
    guard let name = name ?? absolute.lastComponent.map({ Self.bytes(of: $0) }) else {
      throw Failure("\"/\" has no name of its own; write NAME=/, for example root=/")
    }
    root = try WalkRoot(
      name: name, path: absolute, followsLink: path.last == Self.slash)
  }

  /// From the root on, so that the same place is known again from another working directory. A
  /// symbolic link that is the last component stays.
  private static func absolute(_ path: FilePath) throws -> FilePath {
    var absolute = path.isAbsolute ? path : try .workingDirectory().pushing(path)
    let components = absolute.components
    guard components.contains(where: { $0.kind != .regular }) else { return absolute }
    guard let last = components.last, last.kind == .regular else { return try absolute.resolved() }
    absolute.removeLastComponent()
    return try absolute.resolved().appending(last)
  }

  private static func bytes(of component: FilePath.Component) -> [UInt8] {
    component.withPlatformString { text in
      var bytes: [UInt8] = []
      var position = 0
      while text[position] != 0 {
        bytes.append(UInt8(bitPattern: text[position]))
        position += 1
      }
      return bytes
    }
  }

  /// The library refuses equal names too; this says what to do about it on the command line.
  static func checkNames(_ roots: [WalkRoot]) throws {
    var paths: [[UInt8]: FilePath] = [:]
    for root in roots {
      guard let other = paths.updateValue(root.path, forKey: root.name) else { continue }
      let name = String(displaying: root.name)
      throw Failure(
        "\(other) and \(root.path) would both stand in the snapshot as \(name); "
          + "write NAME=PATH for one of them")
    }
  }
}
