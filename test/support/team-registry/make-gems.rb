# Packs the gems that Debian's Ruby brings, and makes the index of a gem server of them, by RubyGems' own code.
require 'fileutils'
require 'rubygems/indexer'
require 'rubygems/package'

root = '/registry/gems'
FileUtils.mkdir_p("#{root}/gems")
Dir['/usr/lib/ruby/gems/*/specifications/*.gemspec', '/usr/share/rubygems-integration/all/specifications/*.gemspec'].each do |file|
  spec = Gem::Specification.load(file)
  # Debian has built the extensions already, without their sources.
  next unless spec&.extensions&.empty? && File.directory?("#{spec.full_gem_path}/lib")

  Dir.chdir(spec.full_gem_path) do
    spec.files = Dir['**/*'].select { |each| File.file?(each) }
    spec.executables = spec.executables.select { |each| File.file?("#{spec.bindir}/#{each}") }
    Gem::Package.build(spec, true, false, "#{root}/gems/#{spec.file_name}")
  end
end
Gem::Indexer.new(root).generate_index
