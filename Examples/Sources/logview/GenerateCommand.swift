import ArgumentParser
import CairnLog
import CommandSupport
import SystemPackage

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Write a log of the shape that a backup leaves.",
    discussion: """
      It has one entry without parent, N under it, and M under each of these. K of the N are open at \
      a time. One step in 1,000 is a warning, and one in 10,000 an error.
      """)

  @OptionGroup var log: LogArgument
  @Option(help: ArgumentHelp("The number N of files.", valueName: "n"))
  var children = 1000
  @Option(help: ArgumentHelp("The number M of steps for each.", valueName: "m"))
  var steps = 12
  @Option(help: ArgumentHelp("How many files K are worked on at once.", valueName: "k"))
  var open = 1

  func validate() throws {
    guard children >= 0, steps >= 0, open > 0 else {
      throw ValidationError("there are no negative numbers of files, and one is open at least")
    }
  }

  func run() throws {
    guard (try? Stat(log.log.path)) == nil else {
      throw Failure("\(log.log.text) is there already; name a log that does not exist")
    }
    let log = try Log(self.log.log.path)
    let run = try log.open("Backup of \(children) files")
    var first = 0
    while first < children {
      let files = first..<min(first + open, children)
      try write(files, under: run, to: log)
      first = files.upperBound
    }
    try log.close(run, result: "done")
    try log.finish()
  }

  private func write(_ files: Range<Int>, under run: EntryID, to log: Log) throws {
    let parents = try files.map { file in
      try log.open("Copy /home/user/documents/folder \(file / 100)/file \(file)", under: run)
    }
    for step in 0..<steps {
      for (file, parent) in zip(files, parents) {
        let number = file * steps + step + 1
        let severity: Severity =
          number % 10_000 == 0 ? .error : number % 1000 == 0 ? .warning : .info
        try log.append(
          "Step \(step) of file \(file): read a block, and wrote it to its place", severity,
          under: parent)
      }
    }
    for parent in parents { try log.close(parent) }
  }
}
