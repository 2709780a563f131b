#compdef muster
# zsh completion for muster: the words come from the program itself.
_muster() {
    local line
    local -a said names shown
    said=("${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    for line in $said; do
        case $line in
            :files) _files; return ;;
            :folders) _files -/; return ;;
            '') ;;
            *) names+=("${line%%$'\t'*}"); shown+=("${line//$'\t'/  -- }") ;;
        esac
    done
    (( $#names )) && compadd -Q -l -d shown -a names
}
if [[ ${funcstack[1]} == _muster ]]; then _muster "$@"; else compdef _muster muster; fi
